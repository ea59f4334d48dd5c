"""Callers take turns."""

from hi_fhir.web.turns import CallerTurns


def test_each_caller_has_its_turn_and_its_own_order():
    turns = CallerTurns[str](lambda one: one[0])
    for one in ("a1", "a2", "a3", "b1", "a4", "c1", "b2"):
        turns.append(one)

    assert len(turns) == 7
    assert [turns.popleft() for _ in range(len(turns))] == ["a1", "b1", "c1", "a2", "b2", "a3", "a4"]
    assert not turns


def test_who_comes_while_another_has_much_waiting_is_next_but_for_those_who_came_before():
    turns = CallerTurns[str](lambda one: one[0])
    for number in range(100):
        turns.append(f"a{number}")
    assert turns.popleft() == "a0"
    turns.append("b")
    turns.append("c")

    assert [turns.popleft() for _ in range(4)] == ["a1", "b", "c", "a2"]
