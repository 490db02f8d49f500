"""The main job by the official Python SDK: main_job.py PROGRAM DATA_DIR."""

import asyncio
import json
import sys
from contextlib import AsyncExitStack

from mcp import ClientSession, StdioServerParameters
from mcp.client.stdio import stdio_client


async def connect(stack, program, data_dir, *args):
    server = StdioServerParameters(command=program, args=["--price-refresh", "off", "--data-dir", data_dir, *args])
    read, write = await stack.enter_async_context(stdio_client(server))
    session = ClientSession(read, write, read_timeout_seconds=120)
    session = await stack.enter_async_context(session)
    hello = await session.initialize()
    assert hello.server_info.name == "tekton-budget", hello
    return session


async def done(session, tool, **arguments):
    # The SDK checks the structured content against the tool's output schema.
    answer = await session.call_tool(tool, arguments)
    assert not answer.is_error, (tool, answer)
    assert answer.content, (tool, answer)
    return answer.structured_content


async def money(session):
    status = await done(session, "get_budget_status", budget_name="team")
    policy = status["budgets"][0]["policies"][0]
    return [policy[part]["cost_usd"] for part in ("posted", "held", "available")]


async def main(program, data_dir):
    async with AsyncExitStack() as stack:
        admin = await connect(stack, program, data_dir, "--role", "admin")
        agent = await connect(stack, program, data_dir, "--component", "worker")
        names = [tool.name for tool in (await agent.list_tools()).tools]
        assert "record_usage" in names and "save_budget" not in names, names

        policies = [{"period": "monthly", "limit_cost_usd": "1.00"}]
        await done(admin, "save_budget", name="team", policies=policies)
        work = {"model": "gpt-4o", "input_tokens": 1000, "max_output_tokens": 1000}
        checked = await done(agent, "check_budget", **work)
        assert checked["allowed"] is True, checked
        held = await done(agent, "allocate_budget", **work, request_id="hold-1")
        assert await money(admin) == ["0", "0.0125", "0.9875"], held
        usage = {"prompt_tokens": 1000, "completion_tokens": 200, "total_tokens": 1200}
        posting = {
            "allocation_id": held["allocation_id"],
            "final": True,
            "model": "gpt-4o",
            "provider_usage": usage,
            "request_id": "call-1",
        }
        recorded = await done(agent, "record_usage", **posting)
        assert recorded["records"][0]["cost_usd"] == "0.0045", recorded
        again = await done(agent, "record_usage", **posting)
        assert again["records"][0]["duplicate"] is True, again
        for session in (admin, agent):
            assert await money(session) == ["0.0045", "0", "0.9955"]

        refused = await agent.call_tool("save_budget", {"name": "mine"})
        assert refused.is_error, refused
        assert refused.structured_content is None, refused
        refusal = json.loads(refused.content[1].text)
        assert refusal["code"] == "permission_denied", refusal
        resources = (await agent.list_resources()).resources
        assert any(str(resource.uri) == "budget://status" for resource in resources), resources
        status = await agent.read_resource("budget://status")
        assert "team" in status.contents[0].text, status

    async with AsyncExitStack() as stack:
        viewer = await connect(stack, program, data_dir, "--role", "viewer")
        assert await money(viewer) == ["0.0045", "0", "0.9955"]


asyncio.run(main(*sys.argv[1:]))
print("the main job is done")
