"""Starts a session before anybody has written."""

from __future__ import annotations

from rasa.core.agent import Agent
from rasa.core.channels.channel import OutputChannel


async def greet(agent: Agent, conversation_id: str, output: OutputChannel) -> None:
    """Says through `output` what this is, unless the conversation's session is already open."""
    async with agent.lock_store.lock(conversation_id):
        tracker = await agent.processor.fetch_tracker_with_initial_session(conversation_id, output)
        await agent.processor.save_tracker(tracker)
