"""Who a message is from, as the law and good manners ask: a name, a mailbox, a postal address."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Sender:
    """`postal_address` goes into every email (CAN-SPAM); `sms_name` opens the first text (CTIA, 47 CFR 64.1200)."""

    name: str
    email: str
    postal_address: str
    sms_name: str
