"""The JSON documents that scripts read: Rocky's wire contract, and what we know beyond it.

Field names, nesting and discriminators are those of Rocky's published schemas, so that its Python SDK reads them. What
the contract has no word for stands in fields of our own, which the SDK ignores; no field of the contract changes its
meaning. Where the contract demands a number and we have none, the docstring of the field says what stands there and
which field of ours says that it is unknown.
"""
