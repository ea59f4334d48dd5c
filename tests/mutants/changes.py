"""Small wrong changes of a module: each is one that a slip of the hand could make, and that a test ought to notice.

Words in strings are changed only where they decide: in what is compared, listed or mapped. Messages, docstrings,
annotations, decorators and versions are left alone, since no number hangs on them.
"""

import ast
from collections.abc import Iterator
from copy import copy
from typing import NamedTuple

_COMPARED: dict[type, tuple[type, ...]] = {
    ast.Lt: (ast.LtE, ast.GtE),
    ast.LtE: (ast.Lt, ast.Gt),
    ast.Gt: (ast.GtE, ast.LtE),
    ast.GtE: (ast.Gt, ast.Lt),
    ast.Eq: (ast.NotEq,),
    ast.NotEq: (ast.Eq,),
    ast.Is: (ast.IsNot,),
    ast.IsNot: (ast.Is,),
    ast.In: (ast.NotIn,),
    ast.NotIn: (ast.In,),
}
_JOINED: dict[type, type] = {
    ast.BitAnd: ast.BitOr,
    ast.BitOr: ast.BitAnd,
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.Mult: ast.FloorDiv,
    ast.FloorDiv: ast.Mult,
    ast.LShift: ast.RShift,
    ast.RShift: ast.LShift,
    ast.And: ast.Or,
    ast.Or: ast.And,
}
_OPPOSITES = [
    ("min", "max"),
    ("argmin", "argmax"),
    ("isnull", "notnull"),
    ("any", "all"),
    ("startswith", "endswith"),
    ("first", "last"),
    ("isin", "notin"),
    ("semi_join", "anti_join"),
]
_CALLED = dict(_OPPOSITES) | {right: left for left, right in _OPPOSITES} | {"left_join": "join"}
_LEFT_OUT = {"filter", "distinct", "order_by", "lower", "upper", "strip", "fill_null", "cast", "round"}
_LISTS = {"cases", "coalesce", "group_by", "join", "left_join", "order_by"}
_TAKES_CODES = {"value_set", "frozenset", "ifelse"}


class Change(NamedTuple):
    """line: of what was changed. before, after: its text. source: the whole module with it."""

    line: int
    before: str
    after: str
    source: str


def changes(source: str) -> list[Change]:
    """Every change of a module, in order of line."""
    tree = ast.parse(source)
    told = _words(tree)
    skipped = _skipped(tree)
    found = [
        _changed(source, old, new)
        for node in ast.walk(tree)
        if id(node) not in skipped
        for old, new in [*_alternatives(node), *_without_statements(node), *_other_constants(node, told)]
    ]
    return sorted(found)


def _changed(source: str, old: ast.expr | ast.stmt, new: ast.AST) -> Change:
    lines = source.encode().splitlines(keepends=True)
    starts = [0]
    for line in lines:
        starts.append(starts[-1] + len(line))
    first, last = starts[old.lineno - 1] + old.col_offset, starts[old.end_lineno - 1] + old.end_col_offset  # type: ignore[operator]
    text = ast.unparse(ast.fix_missing_locations(ast.copy_location(new, old)))
    text = text if isinstance(old, ast.stmt) else f"({text})"
    whole = source.encode()
    return Change(
        old.lineno,
        " ".join(whole[first:last].decode().split()),
        text,
        (whole[:first] + text.encode() + whole[last:]).decode(),
    )


def _with(node: ast.AST, **fields: object) -> ast.AST:
    changed = copy(node)
    for name, value in fields.items():
        setattr(changed, name, value)
    return changed


def _without(parts: list[ast.expr], place: int) -> list[ast.expr]:
    return parts[:place] + parts[place + 1 :]


def _alternatives(node: ast.AST) -> Iterator[tuple[ast.expr, ast.AST]]:
    match node:
        case ast.Compare(ops=ops):
            for place, operator in enumerate(ops):
                for other in _COMPARED[type(operator)]:
                    yield node, _with(node, ops=[*ops[:place], other(), *ops[place + 1 :]])
        case ast.BinOp(op=operator) if type(operator) in _JOINED:
            yield node, _with(node, op=_JOINED[type(operator)]())
        case ast.BoolOp(op=operator, values=values):
            yield node, _with(node, op=_JOINED[type(operator)]())
            if len(values) > 2:
                yield from ((node, _with(node, values=_without(values, place))) for place in range(len(values)))
        case ast.UnaryOp(op=ast.Not() | ast.Invert() | ast.USub(), operand=operand):
            yield node, operand
        case ast.If(test=test) | ast.IfExp(test=test) | ast.While(test=test):
            yield test, ast.UnaryOp(ast.Not(), test)
        case ast.ListComp() | ast.SetComp() | ast.DictComp() | ast.GeneratorExp():
            for place, part in enumerate(node.generators):
                if part.ifs:
                    open_ = [*node.generators[:place], _with(part, ifs=[]), *node.generators[place + 1 :]]
                    yield node, _with(node, generators=open_)
        case ast.Tuple(elts=parts) | ast.List(elts=parts) | ast.Set(elts=parts) if len(parts) > 2:
            if isinstance(getattr(node, "ctx", ast.Load()), ast.Load):
                yield from ((node, _with(node, elts=_without(parts, place))) for place in range(len(parts)))
        case ast.Call():
            yield from ((node, other) for other in _other_calls(node))


def _other_calls(call: ast.Call) -> Iterator[ast.AST]:
    function = call.func
    if isinstance(function, ast.Attribute):
        name = function.attr
        if name in _CALLED:
            yield _with(call, func=_with(function, attr=_CALLED[name]))
        if name in _LEFT_OUT:
            yield function.value
    elif isinstance(function, ast.Name):
        name = function.id
        if name in _CALLED:
            yield _with(call, func=ast.Name(_CALLED[name], ast.Load()))
        if name in ("sorted", "reversed"):
            yield ast.Call(ast.Name("list", ast.Load()), call.args, [])
    else:
        return
    if name in _LISTS and len(call.args) > 1:
        yield from (_with(call, args=_without(call.args, place)) for place in range(len(call.args)))
    if name == "ifelse" and len(call.args) == 2:
        yield _with(call, args=call.args[::-1])
    for place, keyword in enumerate(call.keywords):
        if keyword.arg in ("where", "default", "key", "reverse"):
            yield _with(call, keywords=call.keywords[:place] + call.keywords[place + 1 :])


def _without_statements(node: ast.AST) -> Iterator[tuple[ast.stmt, ast.AST]]:
    """What only has an effect is left out, and what makes a name anew from itself."""
    match node:
        case ast.Expr(value=ast.Call()) | ast.AugAssign() | ast.Continue() | ast.Break():
            yield node, ast.Pass()
        case ast.Assign(targets=[ast.Attribute() | ast.Subscript()]):
            yield node, ast.Pass()
        case ast.Assign(targets=[ast.Name(id=name)], value=value):
            if any(isinstance(part, ast.Name) and part.id == name for part in ast.walk(value)):
                yield node, ast.Pass()


def _other_constants(node: ast.AST, told: set[int]) -> Iterator[tuple[ast.expr, ast.AST]]:
    match node:
        case ast.Constant(value=bool() as value):
            yield node, ast.Constant(not value)
        case ast.Constant(value=int() | float() as value):
            yield node, ast.Constant(value + 1)
        case ast.Constant(value=str() as value) if id(node) in told:
            yield node, ast.Constant(f"XX{value}")


def _words(tree: ast.AST) -> set[int]:
    """The strings that decide."""
    found: list[ast.AST | None] = []
    for node in ast.walk(tree):
        match node:
            case ast.Tuple(elts=parts) | ast.List(elts=parts) | ast.Set(elts=parts):
                found += parts
            case ast.Compare(left=left, comparators=others):
                found += [left, *others]
            case ast.Dict(keys=keys, values=values):
                found += [*keys, *values]
            case ast.Assign(value=value):
                found.append(value)
            case ast.Call(func=ast.Attribute(attr=name) | ast.Name(id=name), args=args) if name in _TAKES_CODES:
                found += args
    return {id(node) for node in found}


def _skipped(tree: ast.AST) -> set[int]:
    """What no number hangs on."""
    found: list[ast.AST | None] = []
    for node in ast.walk(tree):
        match node:
            case ast.Raise() | ast.JoinedStr() | ast.Import() | ast.ImportFrom() | ast.Expr(value=ast.Constant()):
                found.append(node)
            case ast.FunctionDef() | ast.ClassDef():
                found += [*node.decorator_list, getattr(node, "returns", None)]
            case ast.arg(annotation=annotation) | ast.AnnAssign(annotation=annotation):
                found.append(annotation)
            case ast.Assign(targets=[ast.Name(id=name)]) if name == "__all__" or "VERSION" in name:
                found.append(node)
    return {id(part) for node in found if node is not None for part in ast.walk(node)}
