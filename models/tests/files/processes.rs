//! Several processes, killed processes, dropped futures.

use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use gori_core::{ErrorKind, Stop};
use gori_models::files::{self, SourceKind};

use crate::bed::{Bed, NAME, assert_whole, ends, wait_until};

const ROOT: &str = "GORI_TEST_BED";

/// What a child process of the tests below does; no test by itself.
#[test]
fn as_a_child() {
    if let Some(root) = std::env::var_os(ROOT) {
        let bed = Bed::open(Path::new(&root));
        let settings = bed.settings().sources(&[SourceKind::PyPi]);
        assert_whole(&bed.fetch_with(&settings).unwrap());
    }
}

/// This test program again, to fetch into a bed.
fn child(bed: &Bed) -> Child {
    Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "processes::as_a_child"])
        .env(ROOT, &bed.root)
        .stdout(Stdio::null())
        .spawn()
        .unwrap()
}

#[test]
fn of_several_processes_one_fetches_and_all_have_it() {
    let bed = Bed::new();
    bed.client("pip", "slow");
    let children: Vec<_> = (0..4).map(|_| child(&bed)).collect();
    for mut child in children {
        assert!(child.wait().unwrap().success());
    }
    assert_eq!(
        bed.calls(),
        ["pip toy-part0", "pip toy-part1", "pip toy-part2"]
    );
}

#[test]
fn of_several_threads_one_fetches_and_all_have_it() {
    let bed = Bed::new();
    bed.client("npm", "slow");
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| assert_whole(&bed.fetch().unwrap()));
        }
    });
    assert_eq!(bed.calls(), ["npm toy-npm"]);
}

#[test]
fn a_killed_process_leaves_no_client_behind_and_the_next_goes_on() {
    let bed = Bed::new();
    bed.client("pip", "hang toy-part1");
    let mut first = child(&bed);
    wait_until("the client hangs", || bed.calls().len() == 2);
    wait_until("it has written its pids", || bed.pids().len() >= 3);
    first.kill().unwrap();
    first.wait().unwrap();
    let client = std::fs::read_dir(bed.root.join("pids"))
        .unwrap()
        .map(|e| e.unwrap().file_name().into_string().unwrap())
        .filter_map(|name| name.strip_prefix("pip.")?.parse::<i32>().ok());
    // Only Linux lets a child die with its parent; elsewhere it ends when its pipe does.
    if cfg!(target_os = "linux") {
        for pid in client {
            assert!(ends(pid), "{pid} is still there");
        }
    }
    for pid in bed.pids() {
        if let Some(pid) = rustix::process::Pid::from_raw(pid) {
            let _ = rustix::process::kill_process(pid, rustix::process::Signal::KILL);
        }
    }
    bed.client("pip", "give");
    assert!(child(&bed).wait().unwrap().success());
    let calls = bed.calls();
    assert_eq!(
        calls,
        [
            "pip toy-part0",
            "pip toy-part1",
            "pip toy-part1",
            "pip toy-part2"
        ]
    );
}

#[test]
fn dropping_the_future_ends_the_client_and_frees_the_lock() {
    let bed = Bed::new();
    bed.client("npm", "hang");
    let settings = bed.settings();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .build()
        .unwrap();
    runtime.block_on(async {
        let fetch = files::fetch(NAME, &settings);
        tokio::select! {
            done = fetch => panic!("a hanging client gave {done:?}"),
            () = async {
                while bed.pids().len() < 2 {
                    tokio::time::sleep(Duration::from_millis(10)).await;
                }
            } => {}
        }
    });
    let start = Instant::now();
    for pid in bed.pids() {
        assert!(ends(pid), "{pid} is still there");
    }
    println!("both processes gone {:?} after the drop", start.elapsed());
    bed.client("npm", "give");
    assert_whole(&runtime.block_on(files::fetch(NAME, &settings)).unwrap());
}

#[test]
fn who_waits_for_the_lock_can_be_stopped() {
    let bed = Bed::new();
    bed.client("npm", "hang");
    std::thread::scope(|scope| {
        let holder = Stop::new();
        let flag = holder.clone();
        let settings = bed.settings();
        let first = scope.spawn(move || files::fetch_blocking(NAME, &settings, &holder));
        wait_until("the client hangs", || bed.pids().len() == 2);
        let waiter = Stop::new();
        let heard = crate::bed::Heard::new();
        let second = bed.settings().progress(heard.clone());
        let stop = waiter.clone();
        let second = scope.spawn(move || files::fetch_blocking(NAME, &second, &stop));
        wait_until("it waits", || {
            let lines = heard.lines.lock().unwrap();
            lines.iter().any(|l| l.0 == files::Phase::Waiting)
        });
        waiter.raise();
        let error = second.join().unwrap().unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Cancelled);
        flag.raise();
        assert_eq!(
            first.join().unwrap().unwrap_err().kind(),
            ErrorKind::Cancelled
        );
    });
}
