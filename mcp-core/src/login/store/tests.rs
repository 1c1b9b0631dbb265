//! What the file is, and what becomes of a file that is not as it should be.

use std::fs::{self, Permissions};
use std::os::unix::fs::{PermissionsExt as _, symlink};

use super::*;
use crate::login::registration::tests::registration;

const SHORT: Duration = Duration::from_millis(50);

/// A folder of this test's own, which is not there yet.
fn folder(test: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/tmp").join(test);
    let _usually_none = fs::remove_dir_all(&folder);
    folder
}

fn store(test: &str) -> Store {
    let laptop = registration("https://jhe.example", "http://127.0.0.1/callback");
    Store::new(folder(test).join("deep"), &laptop)
}

fn login() -> Stored {
    Stored {
        subject: Subject::parse("10002").unwrap(),
        access: BackendToken::new("access-canary"),
        refresh: Some(BackendRefreshToken::new("refresh-canary")),
        expires_at: Some(Timestamp::from_unix_seconds(1_800_000_000)),
    }
}

fn keep(store: &Store) {
    store.write(store.prepare().unwrap(), &login()).unwrap();
}

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o777
}

#[test]
fn a_login_is_read_as_it_was_written_from_a_file_that_its_owner_alone_may_read() {
    let store = store("store-round");
    assert!(store.read().unwrap().is_none());
    keep(&store);
    let read = store.read().unwrap().unwrap();
    assert_eq!(read.access.expose(), "access-canary");
    assert_eq!(read.refresh.unwrap().expose(), "refresh-canary");
    assert_eq!((read.subject, read.expires_at), (login().subject, login().expires_at));
    assert_eq!(mode(&store.path()), 0o600);
    assert_eq!(mode(store.path().parent().unwrap()), 0o700);
    assert_eq!(fs::read_dir(&store.folder).unwrap().count(), 1, "nothing is left beside it");
    assert!(store.remove().unwrap());
    assert!(!store.remove().unwrap());
}

#[test]
fn the_file_to_come_has_its_rights_before_it_has_a_content() {
    let store = store("store-slot");
    let slot = store.prepare().unwrap();
    assert_eq!(mode(&slot.path), 0o600);
    let path = slot.path.clone();
    drop(slot);
    assert!(!path.exists(), "a slot that is not used leaves nothing behind");
}

#[test]
fn what_group_or_others_may_read_is_refused_and_can_still_be_taken_back() {
    let store = store("store-exposed");
    keep(&store);
    for rights in [0o640, 0o604, 0o620] {
        fs::set_permissions(store.path(), Permissions::from_mode(rights)).unwrap();
        assert!(matches!(store.read(), Err(StoreFault::Exposed(_))), "{rights:o}");
    }
    assert!(store.read_to_revoke().unwrap().is_some());
    fs::set_permissions(store.path(), Permissions::from_mode(0o600)).unwrap();
    assert!(store.read().unwrap().is_some());
    fs::set_permissions(&store.folder, Permissions::from_mode(0o755)).unwrap();
    assert!(matches!(store.read(), Err(StoreFault::Exposed(_))));
    assert!(matches!(store.prepare(), Err(StoreFault::Exposed(_))), "nor is one written there");
}

#[test]
fn a_link_in_place_of_the_file_is_not_followed() {
    let (store, elsewhere) = (store("store-link"), folder("store-link-target"));
    keep(&store);
    fs::rename(store.path(), &elsewhere).unwrap();
    symlink(&elsewhere, store.path()).unwrap();
    assert!(matches!(store.read(), Err(StoreFault::Unusable(..))));
}

#[test]
fn what_is_malformed_or_of_another_client_is_no_login() {
    let store = store("store-malformed");
    keep(&store);
    let text = fs::read_to_string(store.path()).unwrap();
    let other = text.replacen(&store.binding, "another", 1);
    let newer = text.replacen("\"version\": 1", "\"version\": 2", 1);
    for changed in ["", "{}", "[]", "{\"version\": 1", &other, &newer] {
        fs::write(store.path(), changed).unwrap();
        assert!(store.read().unwrap().is_none(), "{changed}");
    }
    fs::write(store.path(), text).unwrap();
    assert!(store.read().unwrap().is_some());
}

#[tokio::test(start_paused = true)]
async fn whoever_holds_the_lock_holds_it_alone() {
    let store = store("store-lock");
    let held = store.lock(SHORT).await.unwrap();
    assert!(matches!(store.lock(SHORT).await, Err(StoreFault::Busy)));
    drop(held);
    assert!(store.lock(SHORT).await.is_ok());
}

#[test]
fn a_path_is_shown_without_the_name_of_the_home() {
    let home = std::env::home_dir().unwrap();
    assert_eq!(shown(&home.join("a/b")), "~/a/b");
}

#[test]
fn a_login_has_no_printable_token() {
    assert!(!format!("{:?}", login()).contains("canary"));
}
