"""Starts a session before anybody has written."""

from __future__ import annotations

from rasa.core.agent import Agent
from rasa.core.channels.channel import OutputChannel
from rasa.core.policies.policy import PolicyPrediction
from rasa.shared.core.constants import ACTION_SESSION_START_NAME, SESSION_START_METADATA_SLOT
from rasa.shared.core.events import SlotSet


async def greet(
    agent: Agent,
    conversation_id: str,
    output: OutputChannel,
    *,
    channel: str,
    new_session: bool,
) -> None:
    """Says through `output` what this is, unless the conversation's session is already open; with
    `new_session` that one ends, and another begins. Seekers are known by their `channel`, too.
    """
    metadata = {"input_channel": channel}
    processor = agent.processor
    async with agent.lock_store.lock(conversation_id):
        had_one = bool((await processor.get_tracker(conversation_id)).events)
        tracker = await processor.fetch_tracker_with_initial_session(
            conversation_id, output, metadata
        )
        if had_one and new_session:
            tracker.update(SlotSet(SESSION_START_METADATA_SLOT, metadata), processor.domain)
            await processor._run_action(
                action=processor._get_action(ACTION_SESSION_START_NAME),
                tracker=tracker,
                output_channel=output,
                nlg=processor.nlg,
                prediction=PolicyPrediction.for_action_name(
                    processor.domain, ACTION_SESSION_START_NAME
                ),
            )
        await processor.save_tracker(tracker)
