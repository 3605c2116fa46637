"""How pages are put on a router: HEAD wherever there is GET, and every answer described for /openapi.json."""

from collections.abc import Awaitable, Callable, Iterable, Sequence
from typing import Any

from fastapi import APIRouter, Request, Response
from starlette.convertors import PathConvertor, register_url_convertor

Route = Callable[[Request], Awaitable[Response]]

HTML: dict[str, Any] = {"text/html": {"schema": {"type": "string"}}}
FORM = {"application/x-www-form-urlencoded": {"schema": {"type": "object"}}}

ANSWERS = {
    200: "The page.",
    204: "Done; there is nothing to show.",
    303: "Done; another page shows what came of it.",
    403: "The form was sent by another site's page.",
    404: "The link is not ours, or is broken: a page that says what to do.",
    408: "The form did not end in time.",
    409: "It was not done, since things have changed: a page that says what is so now.",
    410: "The link was good and is no more: a page that says what to do.",
    413: "The form is too long.",
    415: "It is no form.",
    422: "The form again, with what there is to mend.",
    429: "Too much of it for now; Retry-After says when to come again.",
    503: "No room, or no database, for now; Retry-After says when to come again.",
}
FORM_ANSWERS = (403, 408, 413, 415)
"""What any form may be answered, whatever its page does."""


def described(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """Answers for a route's `responses`."""
    return {
        status: {"description": ANSWERS[status]} | ({} if status in (204, 303) else {"content": HTML})
        for status in statuses
    }


def in_path(name: str, pattern: str) -> dict[str, Any]:
    """A parameter that is part of the path."""
    return {"name": name, "in": "path", "required": True, "schema": {"type": "string", "pattern": pattern}}


def show_at(
    router: APIRouter,
    path: str,
    show: Route,
    *,
    parameters: Sequence[dict[str, Any]] = (),
    answers: Iterable[int] = (200, 404),
) -> None:
    """`show` answers GET and HEAD at `path`."""
    router.add_api_route(
        path,
        show,
        methods=["GET"],
        response_class=Response,
        responses=described(*answers),
        openapi_extra={"parameters": list(parameters)},
    )
    head_at(router, path, show)


def head_at(router: APIRouter, path: str, show: Route) -> None:
    """`show` answers HEAD at `path`, which no description says of a page that answers GET."""
    router.add_route(path, show, methods=["HEAD"], include_in_schema=False)


def act_at(
    router: APIRouter,
    path: str,
    act: Route,
    *,
    parameters: Sequence[dict[str, Any]] = (),
    answers: Iterable[int] = (200, 404, 422),
    responses: dict[int | str, dict[str, Any]] | None = None,
    from_anywhere: bool = False,
) -> None:
    """`act` answers a form posted to `path`: with these, or as any form may be (FORM_ANSWERS); `responses` win.

    One that is taken `from_anywhere` need be no form at all.
    """
    router.add_api_route(
        path,
        act,
        methods=["POST"],
        response_class=Response,
        responses=described(*sorted({*answers, *FORM_ANSWERS})) | (responses or {}),
        openapi_extra={
            "parameters": list(parameters),
            "requestBody": {"content": FORM} if from_anywhere else {"content": FORM, "required": True},
        },
    )


class _Anything(PathConvertor):
    """What a path may hold; `path` itself leaves line ends out, and whoever brings one is to see the page as well."""

    regex = r"[\s\S]*"


register_url_convertor("anything", _Anything())
