"""Sampling: tokens are drawn by their probabilities, whatever the batch."""

import math

import pytest
import torch

from oumi_runtime.core.models.sampling import Sampler, Sampling, likeliest

LOGITS = torch.tensor([0.0, 1.0, 2.0, -math.inf])


def drawn(sampling: Sampling, number: int = 20_000) -> torch.Tensor:
    """Draws a token for each of as many texts; returns the shares of the tokens."""
    choose = Sampler(sampling).of_texts(number, 1)
    tokens = choose(LOGITS.expand(number, -1), range(number), 0)
    return tokens.bincount(minlength=4) / number


@pytest.mark.parametrize("temperature", [0.3, 1.0, 4.0])
def test_tokens_are_as_frequent_as_they_are_likely(temperature: float):
    shares = drawn(Sampling(temperature))
    torch.testing.assert_close(
        shares, (LOGITS / temperature).softmax(0), atol=0.015, rtol=0
    )
    assert shares[3] == 0


def test_only_the_likeliest_tokens_are_drawn():
    shares = drawn(Sampling(top_k=2))
    assert shares[0] == 0
    assert shares[1] == pytest.approx(1 / (1 + math.e), abs=0.015)
    assert drawn(Sampling(top_k=1), 50)[2] == 1
    torch.testing.assert_close(drawn(Sampling(top_k=9)), drawn(Sampling()))


def test_what_is_drawn_depends_on_the_seed_alone():
    logits = torch.randn(6, 5, 40, generator=torch.Generator().manual_seed(1))

    def texts(seed: int, *sizes: int) -> list[list[int]]:
        """Draws five tokens for each of six texts, in batches of some sizes."""
        sampler, found = Sampler(Sampling(seed=seed)), []
        for batch in logits.split(sizes):
            choose = sampler.of_texts(len(batch), 5)
            rows = range(len(batch))
            tokens = [choose(batch[:, place], rows, place) for place in range(5)]
            found += torch.stack(tokens, 1).tolist()
        return found

    assert texts(0, 6) == texts(0, 1, 2, 3)
    assert texts(0, 6) != texts(1, 6)
    # Texts that have ended take no numbers from those that go on.
    choose = Sampler(Sampling()).of_texts(6, 5)
    assert choose(logits[[4], 3], [4], 3).tolist() == [texts(0, 6)[4][3]]


def test_the_same_text_is_not_drawn_twice():
    choose = Sampler(Sampling()).of_texts(40, 1)
    assert len(set(choose(torch.zeros(40, 9), range(40), 0).tolist())) > 4


def test_the_likeliest_token_is_that_of_the_largest_logit():
    assert likeliest(LOGITS.expand(2, -1), [0, 1], 0).tolist() == [2, 2]


@pytest.mark.parametrize("temperature", [0.0, -1.0, math.inf, math.nan])
def test_a_temperature_is_above_0(temperature: float):
    with pytest.raises(ValueError, match=f"temperature is {temperature}; give a"):
        Sampling(temperature)


def test_at_least_one_token_is_drawn_from():
    with pytest.raises(ValueError, match="top_k is 0; give at least 1"):
        Sampling(top_k=0)
