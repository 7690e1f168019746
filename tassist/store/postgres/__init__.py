"""The journal on PostgreSQL, its queue carried by procrastinate; the only place that imports psycopg and procrastinate.

Import `tassist.store.place` to open a journal: it says clearly where the extra is not installed.
"""
