//! dvc.lock as DVC writes it: `golden/lock/make.py` had DVC write these values.

use pipeline::lockfile::document;
use pipeline::manifest::yaml::{Map, Node, Value, parse};

const VALUES: &str = include_str!("golden/lock/values.yaml");
const LOCK: &str = include_str!("golden/lock/by-dvc.yaml");

fn map(node: Node) -> Map {
    match node.value {
        Value::Map(map) => map,
        other => panic!("{other:?}"),
    }
}

/// The values, and the names of the entries that DVC does not read back as it wrote them.
fn values() -> (Map, Node) {
    let mut values = map(parse(VALUES).expect("YAML"));
    let lost = values.shift_remove("lost").expect("lost").node;
    (values, lost)
}

fn assert_same(ours: &str) {
    for (at, (ours, dvcs)) in ours.lines().zip(LOCK.lines()).enumerate() {
        assert_eq!(ours, dvcs, "line {}", at + 1);
    }
    assert!(ours == LOCK, "one is longer, or ends in another way");
}

#[test]
fn values_are_written_as_dvc_writes_them() {
    assert_same(&document(&values().0));
}

#[test]
fn what_dvc_wrote_is_read_and_written_the_same() {
    let (values, lost) = values();
    let Value::List(lost) = lost.value else { panic!("no list") };
    let mut lock = map(parse(LOCK).expect("YAML"));
    let (Value::Map(read), Value::Map(meant)) = (&mut lock["stages"].node.value, &values["stages"].node.value) else {
        panic!("no stages");
    };
    assert!(meant.len() > 300 && lost.len() < 10, "{lost:?}");
    for name in lost {
        let Value::Text(name) = name.value else { panic!("no name") };
        read[&name] = meant[&name].clone();
    }
    for ((name, read), (_, meant)) in read.iter().zip(meant) {
        assert_eq!(read.node.to_json(), meant.node.to_json(), "{name}");
    }
    assert_same(&document(&lock));
}
