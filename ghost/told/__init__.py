"""What the tape is told of orders and lines. Pure.

Every id is made of the order's (or line's) and of what is told: told twice, it is a duplicate.
"""
