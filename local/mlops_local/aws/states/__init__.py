"""Step Functions: an interpreter for the Amazon States Language and its integrations, behind MiniStack's API.

MiniStack keeps state machines and executions and answers the API. What runs an execution is here, because
cancelling, deadlines, variable scopes and the state machine's own role go through every state.
"""
