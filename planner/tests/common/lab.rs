//! Nodes of real systemd in namespaces, with a stub proxy that starts the remote unit.

use std::collections::BTreeMap;
use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use gori_planner::{Bundle, Inventory};

const AGENT: &str =
    "read -r unit\nif systemctl start \"$unit\"; then echo ok; else echo failed; fi\n";
const PROXY: &str = "read -r port < \"/etc/lab/ports/${1%%_*}\"\nexec 3<>\"/dev/tcp/127.0.0.1/$port\"\nprintf '%s.service\\n' \"${1#*_}\" >&3\nread -r answer <&3\n[ \"$answer\" = ok ]\n";

/// When a unit began to start and was active, in milliseconds of the machine's monotonic clock.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Seen {
    pub start: f64,
    pub active: f64,
}

pub struct Lab {
    folder: tempfile::TempDir,
    nodes: BTreeMap<String, (Child, u16)>,
}

/// Whether this machine lets a test make the namespaces and mounts, and has what is needed.
pub fn possible() -> Result<(), String> {
    let try_it = "mount -t tmpfs none /mnt && mkdir /mnt/u /mnt/w /mnt/r && mount -t overlay o -o lowerdir=/,upperdir=/mnt/u,workdir=/mnt/w /mnt/r && mount -t cgroup2 c /mnt/r/mnt && test -x /lib/systemd/systemd && command -v nsenter";
    let out = Command::new("unshare")
        .args(["--mount", "--pid", "--fork", "--cgroup", "sh", "-c", try_it])
        .output();
    match out {
        Ok(out) if out.status.success() => Ok(()),
        Ok(out) => Err(String::from_utf8_lossy(&out.stderr).trim().to_owned()),
        Err(error) => Err(error.to_string()),
    }
}

impl Lab {
    /// Boots every node of the inventory with the bundle's units on it. Each unit sleeps for its start time.
    pub fn boot(inventory: &Inventory, bundle: &Bundle) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path();
        fs::create_dir_all(root.join("cgroup")).unwrap();
        fs::create_dir_all(root.join("mnt")).unwrap();
        run(Command::new("mount")
            .args(["-t", "cgroup2", "none"])
            .arg(root.join("cgroup")));
        let script = root.join("node.sh");
        fs::write(&script, include_str!("../systemd/node.sh")).unwrap();
        let ports: BTreeMap<String, u16> = inventory
            .nodes
            .iter()
            .map(|n| {
                (
                    n.name.to_string(),
                    TcpListener::bind("127.0.0.1:0")
                        .unwrap()
                        .local_addr()
                        .unwrap()
                        .port(),
                )
            })
            .collect();
        let mut nodes = BTreeMap::new();
        for (name, port) in &ports {
            files(root, name, *port, &ports, inventory, bundle);
            let log = fs::File::create(root.join(format!("{name}.log"))).unwrap();
            let child = Command::new("bash")
                .arg(&script)
                .arg(root)
                .arg(name)
                .stdin(Stdio::null())
                .stdout(log.try_clone().unwrap())
                .stderr(log)
                .spawn()
                .unwrap();
            nodes.insert(name.clone(), (child, *port));
        }
        let lab = Self { folder, nodes };
        for (name, (_, port)) in &lab.nodes {
            let end = Instant::now() + Duration::from_secs(90);
            while TcpStream::connect(("127.0.0.1", *port)).is_err() {
                let log = || fs::read_to_string(lab.folder.path().join(format!("{name}.log")));
                assert!(Instant::now() < end, "{name} did not boot: {:?}", log());
                std::thread::sleep(Duration::from_millis(50));
            }
        }
        lab
    }

    /// Starts units at once, and waits for all of them.
    pub fn start(&self, units: &[(String, String)]) -> Vec<bool> {
        std::thread::scope(|scope| {
            let jobs: Vec<_> = units
                .iter()
                .map(|(node, unit)| {
                    let port = self.nodes[node].1;
                    scope.spawn(move || {
                        let mut stream = TcpStream::connect(("127.0.0.1", port)).unwrap();
                        writeln!(stream, "{unit}").unwrap();
                        let mut answer = String::new();
                        BufReader::new(stream).read_line(&mut answer).unwrap();
                        answer.trim() == "ok"
                    })
                })
                .collect();
            jobs.into_iter().map(|j| j.join().unwrap()).collect()
        })
    }

    /// The times of a unit; `None` if it never became active.
    pub fn seen(&self, node: &str, unit: &str) -> Option<Seen> {
        let parent = self.nodes[node].0.id();
        let children =
            fs::read_to_string(format!("/proc/{parent}/task/{parent}/children")).unwrap();
        let out = Command::new("nsenter")
            .args([
                "-t",
                children.trim(),
                "-m",
                "-p",
                "-C",
                "systemctl",
                "show",
                "--value",
            ])
            .args([
                "-p",
                "InactiveExitTimestampMonotonic",
                "-p",
                "ActiveEnterTimestampMonotonic",
                unit,
            ])
            .output()
            .unwrap();
        let text = String::from_utf8_lossy(&out.stdout).into_owned();
        let mut times = text
            .lines()
            .filter_map(|l| l.parse::<f64>().ok())
            .map(|us| us / 1000.0)
            .collect::<Vec<_>>();
        times.sort_by(f64::total_cmp);
        match times.as_slice() {
            [start, active] if *start > 0.0 => Some(Seen {
                start: *start,
                active: *active,
            }),
            _ => None,
        }
    }
}

impl Drop for Lab {
    fn drop(&mut self) {
        for (child, _) in self.nodes.values_mut() {
            // unshare kills the node's PID 1 with itself, and with that every process of the node.
            let _ = child.kill();
            let _ = child.wait();
        }
        let cgroup = self.folder.path().join("cgroup");
        for _ in 0..50 {
            let mut left = false;
            for name in self.nodes.keys() {
                left |= !remove_groups(&cgroup.join(name));
            }
            if !left {
                break;
            }
            std::thread::sleep(Duration::from_millis(100));
        }
        let _ = Command::new("umount").arg(&cgroup).status();
    }
}

fn remove_groups(folder: &Path) -> bool {
    if let Ok(entries) = fs::read_dir(folder) {
        for entry in entries
            .flatten()
            .filter(|e| e.file_type().is_ok_and(|t| t.is_dir()))
        {
            remove_groups(&entry.path());
        }
        return fs::remove_dir(folder).is_ok();
    }
    true
}

fn run(command: &mut Command) {
    let out = command.output().unwrap();
    assert!(
        out.status.success(),
        "{command:?}: {}",
        String::from_utf8_lossy(&out.stderr)
    );
}

/// The files of one node: its part of the bundle, stubs of the services and of BlueChi.
fn files(
    root: &Path,
    name: &str,
    port: u16,
    ports: &BTreeMap<String, u16>,
    inventory: &Inventory,
    bundle: &Bundle,
) {
    let node = root.join("nodes").join(name);
    let put = |path: &str, text: &str| {
        let place = node.join(path);
        fs::create_dir_all(place.parent().unwrap()).unwrap();
        fs::write(place, text).unwrap();
    };
    let prefix = format!("nodes/{name}/");
    for (path, text) in bundle.files() {
        if let Some(inner) = path
            .strip_prefix(&prefix)
            .filter(|p| p.starts_with("etc/systemd/system/"))
        {
            put(inner, text);
        }
    }
    let units = "etc/systemd/system";
    for unit in inventory.units.iter().filter(|u| u.node.as_str() == name) {
        let seconds = unit.start_time.unwrap().as_millis() as f64 / 1000.0;
        let text = format!(
            "[Unit]\nDefaultDependencies=no\n[Service]\nType=oneshot\nRemainAfterExit=yes\nExecStart=/bin/sleep {seconds}\n"
        );
        put(&format!("{units}/{}", unit.name), &text);
    }
    put(
        &format!("{units}/lab.target"),
        "[Unit]\nWants=lab-agent.socket\n",
    );
    put(
        &format!("{units}/lab-agent.socket"),
        &format!(
            "[Unit]\nDefaultDependencies=no\n[Socket]\nListenStream=127.0.0.1:{port}\nAccept=yes\nMaxConnections=512\n"
        ),
    );
    put(
        &format!("{units}/lab-agent@.service"),
        "[Unit]\nDefaultDependencies=no\n[Service]\nStandardInput=socket\nStandardOutput=socket\nExecStart=/bin/bash /etc/lab/agent.sh\n",
    );
    put(
        &format!("{units}/bluechi-agent.service"),
        "[Unit]\nDefaultDependencies=no\n[Service]\nType=oneshot\nRemainAfterExit=yes\nExecStart=/bin/true\n",
    );
    put(
        &format!("{units}/bluechi-proxy@.service"),
        "[Unit]\nDefaultDependencies=no\nStopWhenUnneeded=yes\n[Service]\nType=oneshot\nRemainAfterExit=yes\nExecStart=/bin/bash /etc/lab/proxy.sh %i\n",
    );
    put("etc/lab/agent.sh", AGENT);
    put("etc/lab/proxy.sh", PROXY);
    for (other, port) in ports {
        put(&format!("etc/lab/ports/{other}"), &format!("{port}\n"));
    }
    put("usr/bin/bluechi-is-online", "#!/bin/sh\nexit 0\n");
    fs::set_permissions(
        node.join("usr/bin/bluechi-is-online"),
        fs::Permissions::from_mode(0o755),
    )
    .unwrap();
}
