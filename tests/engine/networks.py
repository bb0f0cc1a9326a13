"""Networks of containers: the CNI plugins bridge and host-local, called as an engine calls them."""

import json
import os
import subprocess
from pathlib import Path

PLUGINS = "/usr/lib/cni"
SUBNET = "10.63.0.0/16"
CONFIGURATION = {
    "cniVersion": "0.4.0", "name": "engine", "type": "bridge", "bridge": "engine0", "isGateway": True,
    "ipam": {"type": "host-local", "dataDir": "/run/engine/addresses", "subnet": SUBNET,
             "routes": [{"dst": "0.0.0.0/0"}]},
}


class Network:
    """A network namespace with an interface on the bridge, and the address that the plugin gave it."""

    def __init__(self, name):
        self.name = name
        self.path = Path("/run/netns") / name
        subprocess.run(["ip", "netns", "add", name], check=True)
        subprocess.run(["ip", "-n", name, "link", "set", "lo", "up"], check=True)
        answer = json.loads(self._plugin("ADD"))
        self.address = answer["ips"][0]["address"].partition("/")[0]
        self._is_up = True

    def _plugin(self, command):
        done = subprocess.run(
            [f"{PLUGINS}/bridge"], input=json.dumps(CONFIGURATION), capture_output=True, text=True,
            env={**os.environ, "CNI_COMMAND": command, "CNI_CONTAINERID": self.name, "CNI_NETNS": str(self.path),
                 "CNI_IFNAME": "eth0", "CNI_PATH": PLUGINS})
        if done.returncode != 0:
            raise RuntimeError(f"the CNI plugin failed at {command}: {done.stdout}{done.stderr}")
        return done.stdout

    def remove_interface(self):
        if self._is_up:
            self._plugin("DEL")
            self._is_up = False

    def close(self):
        self.remove_interface()
        subprocess.run(["ip", "netns", "delete", self.name], check=False)
