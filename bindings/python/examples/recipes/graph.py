from collections.abc import AsyncIterator
from typing import Any, TypedDict

from langgraph.config import get_stream_writer
from langgraph.graph import END, START, StateGraph

from pamlink import Hub, Request


class Talk(TypedDict, total=False):
    asked: str
    spent: int


async def look_up(talk: Talk) -> Talk:
    get_stream_writer()("One moment. ")
    return {"spent": 40 if "fuel" in talk["asked"] else 0}


async def reply(talk: Talk) -> Talk:
    write = get_stream_writer()
    for word in ("You ", "have ", "spent ", f"{talk['spent']}."):
        write(word)
    return {}


steps = StateGraph(Talk)
steps.add_node("look_up", look_up)
steps.add_node("reply", reply)
steps.add_edge(START, "look_up")
steps.add_edge("look_up", "reply")
steps.add_edge("reply", END)
graph = steps.compile()


async def answer(request: Request) -> AsyncIterator[Any]:
    return graph.astream({"asked": request.text}, stream_mode="custom")


hub = Hub(answer)
