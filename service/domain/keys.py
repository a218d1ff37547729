"""What can be done with API keys."""

from api_access.key_store import KeyStore
from service.models.api_key import ApiKey
from service.models.audit_event import AuditEvent

KEYS = KeyStore(ApiKey, AuditEvent)
keys = KEYS.resource
