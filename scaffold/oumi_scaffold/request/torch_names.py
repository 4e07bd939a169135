"""The classes of torch.nn, by their names in lower case, learnt without importing it.

A model of one of these names would hide the layer that it is most likely made of. A
test holds the list to the torch that is installed.
"""

TORCH_NAMES = frozenset(
    """
    adaptiveavgpool1d adaptiveavgpool2d adaptiveavgpool3d adaptivelogsoftmaxwithloss
    adaptivemaxpool1d adaptivemaxpool2d adaptivemaxpool3d alphadropout autograd
    avgpool1d avgpool2d avgpool3d batchnorm1d batchnorm2d batchnorm3d bceloss
    bcewithlogitsloss bilinear buffer celu channelshuffle circularpad1d
    circularpad2d circularpad3d constantpad1d constantpad2d constantpad3d container
    conv1d conv2d conv3d convtranspose1d convtranspose2d convtranspose3d
    cosineembeddingloss cosinesimilarity crossentropyloss crossmaplrn2d ctcloss
    dataparallel distributed dropout dropout1d dropout2d dropout3d elu embedding
    embeddingbag featurealphadropout flatten fold fractionalmaxpool2d
    fractionalmaxpool3d functional gaussiannllloss gelu glu groupnorm gru grucell
    hardshrink hardsigmoid hardswish hardtanh hingeembeddingloss huberloss identity
    instancenorm1d instancenorm2d instancenorm3d kldivloss l1loss layernorm
    lazybatchnorm1d lazybatchnorm2d lazybatchnorm3d lazyconv1d lazyconv2d lazyconv3d
    lazyconvtranspose1d lazyconvtranspose2d lazyconvtranspose3d lazyinstancenorm1d
    lazyinstancenorm2d lazyinstancenorm3d lazylinear leakyrelu linear
    linearcrossentropyloss linearcrossentropyoptions localresponsenorm logsigmoid
    logsoftmax lppool1d lppool2d lppool3d lstm lstmcell marginrankingloss maxpool1d
    maxpool2d maxpool3d maxunpool1d maxunpool2d maxunpool3d mish module moduledict
    modulelist mseloss multiheadattention multilabelmarginloss
    multilabelsoftmarginloss multimarginloss nllloss nllloss2d optim
    pairwisedistance parameter parameterdict parameterlist pixelshuffle
    pixelunshuffle poissonnllloss prelu reflectionpad1d reflectionpad2d
    reflectionpad3d relu relu6 replicationpad1d replicationpad2d replicationpad3d
    rmsnorm rnn rnnbase rnncell rnncellbase rrelu selu sequential sigmoid silu
    smoothl1loss softmarginloss softmax softmax2d softmin softplus softshrink
    softsign syncbatchnorm tanh tanhshrink tensor threshold transformer
    transformerdecoder transformerdecoderlayer transformerencoder
    transformerencoderlayer tripletmarginloss tripletmarginwithdistanceloss
    unflatten unfold uninitializedbuffer uninitializedparameter upsample
    upsamplingbilinear2d upsamplingnearest2d zeropad1d zeropad2d zeropad3d
    """.split()  # noqa: SIM905 - a list of quoted words is harder to read
)
