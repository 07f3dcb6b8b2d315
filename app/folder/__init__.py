"""A folder of receipts read on the page: one after another, while the user does other things.

Each file becomes a conversation of its own, tagged with the folder's name. So it is found, named
after its merchant, asked about, deleted and exported as any other receipt is, and no prompt
carries the 60 receipts before it. What belongs to a folder is what history says: the tag.
"""
