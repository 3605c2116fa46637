"""A pooled keep-alive HTTP client for one provider. It answers with what was said or what went wrong; it never raises.

What went wrong is known by how far the request had come: before its first byte it is a ConnectionFailed, safe to try
again; after that it is an OutcomeUnknown, never to be sent again blindly.
"""
