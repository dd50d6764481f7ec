//! Settings without a server, and servers that are too slow.

use std::io::{Read, Write};
use std::net::TcpListener;
use std::thread;

use aws_config::Region;
use aws_sdk_kms::config::Credentials as Keys;

use super::*;

fn config(region: Option<&str>, endpoint: Option<&str>) -> SdkConfig {
    let keys = SharedCredentialsProvider::new(Keys::new("AKID", "canary", None, None, "tests"));
    let mut builder = SdkConfig::builder().credentials_provider(keys);
    builder.set_region(region.map(|region| Region::new(region.to_owned())));
    builder.set_endpoint_url(endpoint.map(str::to_owned));
    builder.build()
}

fn s3(region: Option<&str>, endpoint: Option<&str>) -> Result<S3, S3Error> {
    let patience = Patience { attempt: Duration::from_millis(300), ..PATIENCE };
    S3::new(&config(region, endpoint), &Login::default(), patience)
}

#[test]
fn settings_that_cannot_be_right() {
    for (region, endpoint, words) in [
        (None, None, "nothing says in which region"),
        (Some("evil.example/"), None, "is not a region of AWS"),
        (Some("eu-west-1"), Some("ftp://canary"), "the address of Amazon S3 is invalid"),
    ] {
        let error = s3(region, endpoint).unwrap_err();
        assert!(error.cause == S3Cause::Settings && error.text.contains(words), "{error:?}");
        assert!(error.hint.is_some() && !format!("{error:?}").contains("canary"), "{error:?}");
    }
    let good = s3(Some("eu-west-1"), None).unwrap();
    assert_eq!(format!("{good:?}"), "S3(s3.eu-west-1.amazonaws.com)");
    good.log_in(SystemTime::UNIX_EPOCH).unwrap();
}

#[test]
fn whoever_does_not_answer_is_left() {
    for begin in ["", "HTTP/1.1 403 X\r\nContent-Length: 100\r\n\r\n<Error>"] {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        let server = thread::spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            _ = stream.read(&mut [0; 4096]);
            _ = stream.write_all(begin.as_bytes());
            // until the client has gone
            _ = std::io::copy(&mut stream, &mut std::io::sink());
        });
        let object = Object::new("bucket", "key").unwrap();
        let error = s3(Some("r"), Some(&address)).unwrap().put(&object, b"x", SystemTime::UNIX_EPOCH).unwrap_err();
        assert!(error.cause == S3Cause::Unreachable && error.text.contains("no answer in time"), "{error:?}");
        server.join().unwrap();
    }
}
