"""Which devices other programs may drive, and with which words: `edge.web.programs` has the door."""

from collections.abc import Mapping

from drivers import registry
from drivers.api import Device
from drivers.envelope import Vocabulary, vocabulary
from drivers.xfs_service import OFFERED
from edge.devices.floor import Floor


class Services:
    """The branch's devices whose interface is offered, by their names."""

    def __init__(self, floor: Floor) -> None:
        self._floor = floor

    def services(self) -> Mapping[str, tuple[Device, Vocabulary]]:
        found = {}
        for view in self._floor.views():
            manifest = registry.manifest(view.family)
            if manifest.interface in OFFERED:
                found[view.id] = self._floor.device(view.id), vocabulary(manifest.family, manifest.interface)
        return found
