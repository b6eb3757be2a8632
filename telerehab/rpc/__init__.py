"""Questions and commands to other services: gRPC between processes, direct calls within one.

https://grpc.io/docs/what-is-grpc/core-concepts/
"""
