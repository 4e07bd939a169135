        self.eval()(torch.zeros(1, 32, dtype=torch.int64))  # gives its lazy layers their sizes
