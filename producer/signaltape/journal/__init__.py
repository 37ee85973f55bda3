"""The journal: memory-mapped segment files that hold every accepted event until it is safely in Redis.

    <home>/journal/<journal id>/            one per engine process
        owner.lock      held (flock) by the engine while it lives
        ship.lock       held by whoever ships this journal
        cursor.json     how far it was shipped
        00000001.seg …  segments, each allocated in full before use
    <home>/journal/<journal id>.rejects.jsonl    events that were refused, with the reason
    <home>/journal/<journal id>.damaged          bytes whose checksum failed, kept for a look

`frame` and `segment` are the format, `writer` and `reader` its two ends, `cursor` the progress between them,
`home` the folder of all journals.
"""
