"""The command line of the local target: what `npm run local` and its siblings call."""
