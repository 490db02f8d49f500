//! The lookup store: commits, order, reopening, other versions, leftovers.

use tekton_budget::store::lookup::{Head, Lookup, SledLookup};

fn head(sequence: u64) -> Head {
    Head {
        sequence,
        note: format!("note {sequence}").into_bytes(),
    }
}

#[test]
fn a_commit_is_there_after_reopening() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("lookup");
    let lookup = SledLookup::open(&path).unwrap();
    assert_eq!(lookup.head().unwrap(), None);
    lookup
        .commit(
            vec![
                (b"a".to_vec(), Some(b"1".to_vec())),
                (b"b".to_vec(), Some(b"2".to_vec())),
            ],
            &head(1),
        )
        .unwrap();
    lookup
        .commit(
            vec![(b"a".to_vec(), None), (b"c".to_vec(), Some(b"3".to_vec()))],
            &head(2),
        )
        .unwrap();
    drop(lookup);
    let lookup = SledLookup::open(&path).unwrap();
    assert_eq!(lookup.head().unwrap(), Some(head(2)));
    assert_eq!(lookup.get(b"a").unwrap(), None);
    assert_eq!(lookup.get(b"b").unwrap(), Some(b"2".to_vec()));
    let rows: Vec<_> = lookup
        .scan(b"", b"\xff", true)
        .map(|row| row.unwrap().0)
        .collect();
    assert_eq!(rows, [b"c".to_vec(), b"b".to_vec()]);
}
