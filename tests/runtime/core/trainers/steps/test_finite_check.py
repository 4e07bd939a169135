"""A step with a number that is not finite never reaches the weights."""

import pytest
import torch

from oumi_runtime.core.trainers.steps import finite_check
from oumi_runtime.core.trainers.steps.finite_check import FiniteCheck

GOOD, NAN, INF = torch.tensor(1.0), torch.tensor(float("nan")), torch.tensor(torch.inf)


def make(*, reads_at_once: bool) -> tuple[FiniteCheck, torch.optim.Optimizer]:
    parameter = torch.nn.Parameter(torch.ones(2))
    optimizer = torch.optim.AdamW([parameter], lr=0.1, fused=True)
    cpu = torch.device("cpu")
    return FiniteCheck(optimizer, cpu, reads_at_once=reads_at_once), optimizer


def step(check: FiniteCheck, optimizer: torch.optim.Optimizer, *numbers) -> None:
    (parameter,) = optimizer.param_groups[0]["params"]
    parameter.grad = torch.ones(2)
    if check.admit(*numbers):
        optimizer.step()
        check.add_up(numbers[0])


@pytest.mark.parametrize("reads_at_once", [True, False])
@pytest.mark.parametrize(
    "numbers", [(NAN, GOOD), (GOOD, NAN), (INF, GOOD), (INF, -INF)]
)
def test_a_bad_step_is_counted_and_not_applied(reads_at_once, numbers) -> None:
    check, optimizer = make(reads_at_once=reads_at_once)
    (parameter,) = optimizer.param_groups[0]["params"]
    step(check, optimizer, GOOD, GOOD)
    assert check.first_bad_step() is None
    before = parameter.detach().clone()
    step(check, optimizer, *numbers)
    assert torch.equal(parameter, before)
    assert check.first_bad_step() == 1


def test_after_a_bad_step_nothing_is_applied_until_it_was_read() -> None:
    check, optimizer = make(reads_at_once=False)
    (parameter,) = optimizer.param_groups[0]["params"]
    step(check, optimizer, NAN, GOOD)
    step(check, optimizer, GOOD, GOOD)
    assert torch.equal(parameter, torch.ones(2))
    assert check.first_bad_step() == 2
    assert float(optimizer.state[parameter]["step"]) == 0
    check.reset()
    step(check, optimizer, GOOD, GOOD)
    assert not torch.equal(parameter, torch.ones(2))
    assert check.first_bad_step() is None


def test_the_numbers_stay_as_they_are() -> None:
    check, _ = make(reads_at_once=False)
    loss, norm = torch.tensor(0.1, dtype=torch.bfloat16), torch.tensor(3.0e38)
    expected = loss.clone(), norm.clone()
    assert check.admit(loss, norm)
    assert (loss, norm) == expected
    assert check.first_bad_step() is None


def test_numbers_of_16_bits_are_checked_in_32_as_cuda_needs_it(monkeypatch) -> None:
    def as_on_cuda(numbers, is_bad, one) -> None:
        assert {n.dtype for n in numbers} == {torch.float32}
        torch._amp_foreach_non_finite_check_and_unscale_(numbers, is_bad, one)

    monkeypatch.setattr(finite_check.foreach, "unscale_", as_on_cuda)
    check, _ = make(reads_at_once=False)
    assert check.admit(GOOD.bfloat16(), GOOD.bfloat16())
    check.add_up(GOOD.bfloat16())
    assert check.first_bad_step() is None
    check.admit(GOOD.bfloat16(), NAN.bfloat16())
    check.add_up(GOOD.bfloat16())
    assert check.first_bad_step() == 1


@pytest.mark.parametrize("reads_at_once", [True, False])
@pytest.mark.parametrize(
    ("dtype", "expected"),
    [(torch.bfloat16, torch.float32), (torch.float64, torch.float64)],
)
def test_losses_are_added_up_in_32_bits_or_more(dtype, expected, reads_at_once) -> None:
    optimizer = torch.optim.SGD([torch.nn.Parameter(torch.ones(2, dtype=dtype))])
    cpu = torch.device("cpu")
    check = FiniteCheck(optimizer, cpu, dtype=dtype, reads_at_once=reads_at_once)
    for _ in range(1001):
        check.add_up(torch.tensor(1.0, dtype=dtype))
    assert check.loss_sum.dtype == expected
    assert float(check.loss_sum) == 1001.0  # bfloat16 would stop at 256.
