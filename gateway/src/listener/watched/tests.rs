use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, duplex};

use super::*;

const WRITE: Duration = Duration::from_secs(30);

const fn terms(deadline: Duration) -> HeaderTerms {
    HeaderTerms { deadline, most_fields: 132 }
}

#[tokio::test(start_paused = true)]
async fn a_client_that_does_not_read_is_given_up() {
    let (_client, stream) = duplex(16);
    let mut server = Watched::new(stream, WRITE, None);
    let began = Instant::now();
    let late = server.write_all(&[0; 2 * GATHERED]).await.unwrap_err();
    assert_eq!((late.kind(), began.elapsed()), (io::ErrorKind::TimedOut, WRITE));
}

#[tokio::test(start_paused = true)]
async fn a_client_that_does_not_read_what_was_gathered_is_given_up() {
    let (_client, stream) = duplex(16);
    let mut server = Watched::new(stream, WRITE, None);
    server.write_all(&[0; 64]).await.unwrap();
    let began = Instant::now();
    let late = server.flush().await.unwrap_err();
    assert_eq!((late.kind(), began.elapsed()), (io::ErrorKind::TimedOut, WRITE));
}

#[tokio::test(start_paused = true)]
async fn a_client_that_reads_in_time_is_served_however_long_it_takes() {
    let (mut client, stream) = duplex(GATHERED);
    let mut server = Watched::new(stream, WRITE, None);
    let reading = async {
        for _ in 0..8 {
            sleep(WRITE / 2).await;
            client.read_exact(&mut [0; GATHERED]).await.unwrap();
        }
    };
    let writing = async {
        server.write_all(&[0; 8 * GATHERED]).await?;
        server.flush().await
    };
    let (written, ()) = tokio::join!(writing, reading);
    written.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_header_and_a_small_body_are_one_send() {
    let (mut client, stream) = duplex(4096);
    let mut server = Watched::new(stream, WRITE, None);
    server.write_all(b"header").await.unwrap();
    let nothing = tokio::time::timeout(WRITE, client.read_u8()).await;
    assert!(nothing.is_err(), "it was sent alone");
    server.write_all(b"body").await.unwrap();
    server.flush().await.unwrap();
    let mut sent = [0; 16];
    assert_eq!(client.read(&mut sent).await.unwrap(), 10);
}

#[tokio::test(start_paused = true)]
async fn what_was_gathered_of_an_answer_that_broke_off_is_sent() {
    let (mut client, stream) = duplex(4096);
    let mut server = Watched::new(stream, WRITE, None);
    server.write_all(b"begun").await.unwrap();
    drop(server);
    let mut sent = String::new();
    client.read_to_string(&mut sent).await.unwrap();
    assert_eq!(sent, "begun");
}

#[tokio::test(start_paused = true)]
async fn half_a_preface_of_http_2_ends_with_its_deadline() {
    let header = Duration::from_secs(10);
    let (mut client, stream) = duplex(64);
    let mut server = Watched::new(stream, WRITE, Some(terms(header)));
    client.write_all(b"PRI * HTTP/2.0\r\n\r\n").await.unwrap();
    let began = Instant::now();
    let late = server.read_exact(&mut [0; 24]).await.unwrap_err();
    assert_eq!((late.kind(), began.elapsed()), (io::ErrorKind::TimedOut, header));
}

/// The preface, and the settings that must follow it.
fn opening() -> Vec<u8> {
    [&b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"[..], &[0, 0, 0, 4, 0, 0, 0, 0, 0]].concat()
}

#[tokio::test(start_paused = true)]
async fn between_headers_time_is_not_ours_to_count() {
    let (mut client, stream) = duplex(64);
    let mut server = Watched::new(stream, WRITE, Some(terms(Duration::from_secs(10))));
    client.write_all(&opening()).await.unwrap();
    server.read_exact(&mut [0; 33]).await.unwrap();
    tokio::time::advance(Duration::from_secs(60)).await;
    client.write_all(b"x").await.unwrap();
    server.read_exact(&mut [0; 1]).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_header_of_http_2_that_trickles_in_over_many_frames_ends_with_its_deadline() {
    let header = Duration::from_secs(10);
    let (mut client, stream) = duplex(1024);
    let mut server = Watched::new(stream, WRITE, Some(terms(header)));
    client.write_all(&opening()).await.unwrap();
    server.read_exact(&mut [0; 33]).await.unwrap();
    sleep(WRITE).await;
    let began = Instant::now();
    let trickling = async {
        client.write_all(&[0, 0, 1, 1, 0, 0, 0, 0, 1, b'x']).await.unwrap();
        loop {
            sleep(Duration::from_secs(1)).await;
            client.write_all(&[0, 0, 1, 9, 0, 0, 0, 0, 1, b'x']).await.unwrap();
        }
    };
    let late = tokio::select! {
        late = async { loop { if let Err(late) = server.read_exact(&mut [0; 1]).await { break late } } } => late,
        () = trickling => unreachable!(),
    };
    assert_eq!((late.kind(), began.elapsed()), (io::ErrorKind::TimedOut, header));
}

#[tokio::test(start_paused = true)]
async fn each_header_has_its_own_deadline() {
    let header = Duration::from_secs(10);
    let (mut client, stream) = duplex(1024);
    let mut server = Watched::new(stream, WRITE, Some(terms(header)));
    client.write_all(&opening()).await.unwrap();
    server.read_exact(&mut [0; 33]).await.unwrap();
    for _ in 0..4 {
        client.write_all(&[0, 0, 1, 1, 0, 0, 0, 0, 1, b'x']).await.unwrap();
        server.read_exact(&mut [0; 10]).await.unwrap();
        sleep(Duration::from_secs(8)).await;
        client.write_all(&[0, 0, 1, 9, 4, 0, 0, 0, 1, b'x']).await.unwrap();
        server.read_exact(&mut [0; 10]).await.unwrap();
    }
}

#[tokio::test]
async fn a_cut_connection_takes_and_gives_nothing_more() {
    let (mut client, stream) = duplex(64);
    let mut server = Watched::new(stream, WRITE, None);
    client.write_all(b"x").await.unwrap();
    server.conduct.cut();
    assert!(server.read_exact(&mut [0; 1]).await.is_err());
    assert!(server.write_all(b"x").await.is_err());
}

#[tokio::test]
async fn a_cut_wakes_who_waits_for_the_client() {
    let (_client, stream) = duplex(64);
    let mut server = Watched::new(stream, WRITE, None);
    let conduct = server.conduct();
    let mut byte = [0; 1];
    let reading = server.read_exact(&mut byte);
    let cutting = async {
        tokio::task::yield_now().await;
        conduct.cut();
    };
    let (read, ()) = tokio::join!(reading, cutting);
    assert_eq!(read.unwrap_err().kind(), io::ErrorKind::ConnectionAborted);
}
