"""Channels to other services: one a service, kept alive, with retries for calls that change nothing.

https://grpc.io/docs/guides/retry/
"""

from __future__ import annotations

import grpc.aio

from telerehab.fhir import json
from telerehab.pb.telerehab.fhir.v1.engine_pb2 import DESCRIPTOR
from telerehab.rpc.credentials import Certificates
from telerehab.rpc.status import MAX_METADATA

MAX_MESSAGE = 64 << 20  # bytes: a bundle of the largest size allowed, its rows and its overlay
_SERVICE = DESCRIPTOR.services_by_name["EngineService"].full_name
_CHANGES_NOTHING = (
    "Read",
    "Include",
    "Search",
    "Compartment",
    "History",
    "Ids",
    "Resolve",
    "Plan",
)  # Handle may write

SIZES = (
    ("grpc.max_send_message_length", MAX_MESSAGE),
    ("grpc.max_receive_message_length", MAX_MESSAGE),
    ("grpc.max_metadata_size", MAX_METADATA),
    ("grpc.absolute_max_metadata_size", MAX_METADATA),
)
_KEEPALIVE = (
    ("grpc.keepalive_time_ms", 20_000),
    ("grpc.keepalive_timeout_ms", 5_000),
    ("grpc.initial_reconnect_backoff_ms", 100),
    ("grpc.min_reconnect_backoff_ms", 100),
    ("grpc.max_reconnect_backoff_ms", 2_000),
)
_CONFIGURATION = json.dump(
    {
        "loadBalancingConfig": [{"round_robin": {}}],
        "retryThrottling": {"maxTokens": 20, "tokenRatio": 0.1},  # an overloaded owner is not asked thrice
        "methodConfig": [
            {
                "name": [{"service": _SERVICE, "method": method} for method in _CHANGES_NOTHING],
                "retryPolicy": {
                    "maxAttempts": 3,
                    "initialBackoff": "0.05s",
                    "maxBackoff": "0.4s",
                    "backoffMultiplier": 2,
                    "retryableStatusCodes": ["UNAVAILABLE"],
                },
            }
        ],
    }
).decode()


def open_channel(address: str, certificates: Certificates | None = None) -> grpc.aio.Channel:
    """A channel to host:port; it connects when first used and again whenever the other side comes back.

    A name with several addresses, as that of a headless Kubernetes service, has its calls spread over them.
    """
    options = (*SIZES, *_KEEPALIVE, ("grpc.service_config", _CONFIGURATION))
    if certificates is not None:
        return grpc.aio.secure_channel(address, certificates.of_channel(), options=options)
    return grpc.aio.insecure_channel(address, options=options)
