"""What the room of replays can do for a person: sessions, their playing, the stream read again, the archive.

Plain functions for commands, pages and bots alike. Each raises only errors of `signaltape.errors`, each of one line.
"""
