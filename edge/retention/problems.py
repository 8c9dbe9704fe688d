"""How this room says no."""

from typing import Final

from edge.web.problems import Problem

PROBLEMS: Final = (
    Problem(
        "customer_visit_open",
        409,
        "这位客户还有未办结的号码，请先办结或取消，再删除资料",
        "This customer still has a ticket; finish or cancel it before erasing",
    ),
    Problem(
        "customer_appointment_open",
        409,
        "这位客户还有未到期的预约，请先取消预约，再删除资料",
        "This customer still has an appointment; cancel it before erasing",
    ),
    Problem(
        "customer_service_open",
        409,
        "这位客户还有未完成的贵宾服务（专车或送款），请先完成或取消，再删除资料",
        "A car or cash to the door is still to be done for this customer; finish or cancel it before erasing",
    ),
)
"""The refusals of `decide.py`."""
