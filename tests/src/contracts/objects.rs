//! The bucket: read by version, written whole or not at all.

use rollcall_pipeline::fault::Fault;
use rollcall_pipeline::ports::{ObjectWriter, Objects};

/// Runs the suite.
pub async fn objects_contract<O: Objects>(objects: O) {
    nothing_is_where_nothing_was_put(&objects).await;
    what_is_put_is_read(&objects).await;
    ranges_end_with_the_object(&objects).await;
    an_overwritten_version_is_gone(&objects).await;
    the_first_put_if_absent_stays(&objects).await;
    a_large_object_appears_when_finished(&objects).await;
    assert!(!objects.bucket().is_empty());
}

async fn nothing_is_where_nothing_was_put<O: Objects>(objects: &O) {
    assert_eq!(objects.describe("contract/none").await.expect("described"), None);
    assert_eq!(objects.get("contract/none").await.expect("read"), None);
    assert_eq!(objects.get("contract/none/deeper").await.expect("read"), None);
}

async fn what_is_put_is_read<O: Objects>(objects: &O) {
    for (key, bytes) in [("contract/a b+é.csv", b"one".to_vec()), ("contract/empty", Vec::new())] {
        objects.put(key, bytes.clone()).await.expect("put");
        assert_eq!(objects.get(key).await.expect("read"), Some(bytes.clone()));
        let object = objects.describe(key).await.expect("described").expect("there");
        assert_eq!((object.key.as_str(), object.len), (key, bytes.len() as u64));
    }
    objects.put("contract/twice", b"one".to_vec()).await.expect("put");
    objects.put("contract/twice", b"two".to_vec()).await.expect("put again");
    assert_eq!(objects.get("contract/twice").await.expect("read"), Some(b"two".to_vec()));
}

async fn ranges_end_with_the_object<O: Objects>(objects: &O) {
    objects.put("contract/range", b"0123456789".to_vec()).await.expect("put");
    let object = objects.describe("contract/range").await.expect("described").expect("there");
    for (range, bytes) in [(0..4, "0123"), (4..10, "456789"), (8..20, "89"), (10..12, ""), (30..40, "")] {
        assert_eq!(objects.read(&object, range).await.expect("read"), bytes.as_bytes());
    }
}

async fn an_overwritten_version_is_gone<O: Objects>(objects: &O) {
    objects.put("contract/version", b"first".to_vec()).await.expect("put");
    let first = objects.describe("contract/version").await.expect("described").expect("there");
    objects.put("contract/version", b"second".to_vec()).await.expect("put again");
    let second = objects.describe("contract/version").await.expect("described").expect("there");
    assert_ne!(first.version, second.version);
    // A store that keeps versions may still have it.
    match objects.read(&first, 0..5).await {
        Ok(bytes) => assert_eq!(bytes, b"first"),
        Err(fault) => assert!(matches!(fault, Fault::Gone(_)), "{fault}"),
    }
    assert_eq!(objects.read(&second, 0..6).await.expect("read"), b"second");
}

async fn the_first_put_if_absent_stays<O: Objects>(objects: &O) {
    let key = "contract/once";
    assert!(objects.put_if_absent(key, &[b"fi".as_slice(), b"rst"]).await.expect("put"));
    assert!(!objects.put_if_absent(key, &[b"second"]).await.expect("refused"));
    assert_eq!(objects.get(key).await.expect("read"), Some(b"first".to_vec()));
}

async fn a_large_object_appears_when_finished<O: Objects>(objects: &O) {
    let piece: Vec<u8> = (0..=255).cycle().take(700_000).collect();
    let mut writer = objects.create("contract/large").await.expect("begun");
    for _ in 0..3 {
        writer.write(&piece).await.expect("written");
    }
    assert_eq!(objects.get("contract/large").await.expect("read"), None);
    writer.finish().await.expect("finished");
    assert_eq!(objects.get("contract/large").await.expect("read"), Some(piece.repeat(3)));
    let mut dropped = objects.create("contract/dropped").await.expect("begun");
    dropped.write(&piece).await.expect("written");
    drop(dropped);
    assert_eq!(objects.get("contract/dropped").await.expect("read"), None);
}
