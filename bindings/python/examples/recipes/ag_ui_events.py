from collections.abc import AsyncIterator

from ag_ui.core import (
    BaseEvent,
    RunFinishedEvent,
    RunStartedEvent,
    StateSnapshotEvent,
    TextMessageContentEvent,
    TextMessageEndEvent,
    TextMessageStartEvent,
)

from pamlink import Hub, Request

hub = Hub()


@hub.default
async def answer(request: Request) -> AsyncIterator[str]:
    async for event in run(request):
        text = event.model_dump_json(by_alias=True, exclude_none=True)
        # As it is: each of them arrives once and in order, also over a break.
        hub.push(request.user, f'{{"type":"ag_ui","event":{text}}}')
        if isinstance(event, TextMessageContentEvent):
            yield event.delta


async def run(request: Request) -> AsyncIterator[BaseEvent]:
    """The agent: one of a framework that speaks AG-UI, here one that does not think."""
    of_run = {"thread_id": request.user, "run_id": str(request.request)}
    yield RunStartedEvent(**of_run)
    yield StateSnapshotEvent(snapshot={"spent": 40})
    yield TextMessageStartEvent(message_id="m-1", role="assistant")
    for word in ("40 liters ", "– since Monday"):
        yield TextMessageContentEvent(message_id="m-1", delta=word)
    yield TextMessageEndEvent(message_id="m-1")
    yield RunFinishedEvent(**of_run)
