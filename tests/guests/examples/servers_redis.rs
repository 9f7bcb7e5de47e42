//! Talks RESP to Redis at the address of the first argument, or at the Unix socket whose path that
//! is: commands one by one, a pipeline, a large value, and messages that one connection publishes
//! to another.

use aio_guest::unix::{self, UnixAddress};
use aio_guest::{ByteStream, TcpStream};
use test_guests::{argument, check, equal, peer, succeeds};

aio_guest::main!(run);

async fn run() -> Result<(), String> {
    let mut redis = Redis::connect().await?;
    commands(&mut redis).await?;
    pipeline(&mut redis).await?;
    large(&mut redis).await?;
    messages(&mut redis).await
}

/// A connection, and what came in and is not understood yet.
struct Redis {
    stream: ByteStream,
    input: Vec<u8>,
    _connection: Option<TcpStream>,
}

/// An answer of Redis.
#[derive(Debug, PartialEq)]
enum Answer {
    Simple(String),
    Error(String),
    Number(i64),
    Bulk(Vec<u8>),
    Nothing,
    List(Vec<Self>),
}

impl Answer {
    fn bulk(text: &str) -> Self {
        Self::Bulk(text.as_bytes().to_vec())
    }
}

fn encode(words: &[&[u8]], out: &mut Vec<u8>) {
    out.extend(format!("*{}\r\n", words.len()).bytes());
    for word in words {
        out.extend(format!("${}\r\n", word.len()).bytes());
        out.extend(*word);
        out.extend(b"\r\n");
    }
}

impl Redis {
    async fn connect() -> Result<Self, String> {
        let path = argument(1)?;
        let (stream, connection) = if path.starts_with('/') {
            (unix::connect(UnixAddress::Path(path)).await, None)
        } else {
            let connection = succeeds(TcpStream::connect(peer()?).await, "connect")?;
            let stream = ByteStream::by_handle(connection.as_handle());
            (stream, Some(connection))
        };
        Ok(Self {
            stream: succeeds(stream, "connect")?,
            input: Vec::new(),
            _connection: connection,
        })
    }

    async fn send(&self, mut bytes: &[u8]) -> Result<(), String> {
        while !bytes.is_empty() {
            let piece = bytes[..bytes.len().min(65_536)].to_vec();
            let written = succeeds(self.stream.write(piece).await, "write")?;
            bytes = &bytes[written as usize..];
        }
        Ok(())
    }

    async fn ask(&mut self, words: &[&str]) -> Result<Answer, String> {
        let words: Vec<_> = words.iter().map(|word| word.as_bytes()).collect();
        let mut bytes = Vec::new();
        encode(&words, &mut bytes);
        self.send(&bytes).await?;
        self.answer().await
    }

    async fn more(&mut self) -> Result<(), String> {
        let data = succeeds(self.stream.read(65_536).await, "read")?;
        check(!data.is_empty(), "Redis goes on")?;
        self.input.extend(data);
        Ok(())
    }

    async fn line(&mut self) -> Result<String, String> {
        loop {
            if let Some(end) = self.input.windows(2).position(|pair| pair == b"\r\n") {
                let line: Vec<u8> = self.input.drain(..end + 2).take(end).collect();
                return String::from_utf8(line).map_err(|error| error.to_string());
            }
            self.more().await?;
        }
    }

    async fn bulk(&mut self, length: usize) -> Result<Answer, String> {
        while self.input.len() < length + 2 {
            self.more().await?;
        }
        Ok(Answer::Bulk(
            self.input.drain(..length + 2).take(length).collect(),
        ))
    }

    async fn answer(&mut self) -> Result<Answer, String> {
        let line = self.line().await?;
        let (kind, rest) = line.split_at(1);
        let number = || rest.parse::<i64>().map_err(|error| error.to_string());
        match kind {
            "+" => Ok(Answer::Simple(rest.to_owned())),
            "-" => Ok(Answer::Error(rest.to_owned())),
            ":" => number().map(Answer::Number),
            "$" if rest == "-1" => Ok(Answer::Nothing),
            "$" => self.bulk(usize::try_from(number()?).unwrap_or(0)).await,
            "*" => {
                let mut list = Vec::new();
                for _ in 0..number()? {
                    list.push(Box::pin(self.answer()).await?);
                }
                Ok(Answer::List(list))
            }
            _ => Err(format!("an answer begins with {kind:?}")),
        }
    }
}

async fn commands(redis: &mut Redis) -> Result<(), String> {
    let ok = Answer::Simple("OK".to_owned());
    let pong = Answer::Simple("PONG".to_owned());
    equal(redis.ask(&["PING"]).await?, pong, "PING")?;
    equal(redis.ask(&["SET", "key", "value"]).await?, ok, "SET")?;
    equal(
        redis.ask(&["GET", "key"]).await?,
        Answer::bulk("value"),
        "GET",
    )?;
    equal(redis.ask(&["GET", "none"]).await?, Answer::Nothing, "GET")?;
    let error = redis.ask(&["NONSENSE"]).await?;
    check(matches!(error, Answer::Error(_)), "nonsense is an error")
}

/// A thousand commands at once, a thousand answers in order.
async fn pipeline(redis: &mut Redis) -> Result<(), String> {
    let mut bytes = Vec::new();
    for _ in 0..1000 {
        encode(&[b"INCR", b"counter"], &mut bytes);
    }
    redis.send(&bytes).await?;
    for count in 1..=1000 {
        equal(redis.answer().await?, Answer::Number(count), "INCR")?;
    }
    Ok(())
}

async fn large(redis: &mut Redis) -> Result<(), String> {
    let value: Vec<u8> = (0..=250).cycle().take(4 << 20).collect();
    let mut bytes = Vec::new();
    encode(&[b"SET", b"large", &value], &mut bytes);
    redis.send(&bytes).await?;
    redis.answer().await?;
    let told = redis.ask(&["GET", "large"]).await?;
    check(told == Answer::Bulk(value), "4 MiB come back as they were")
}

async fn messages(redis: &mut Redis) -> Result<(), String> {
    let mut subscriber = Redis::connect().await?;
    subscriber.ask(&["SUBSCRIBE", "news"]).await?;
    for message in ["first", "second"] {
        let heard = redis.ask(&["PUBLISH", "news", message]).await?;
        equal(heard, Answer::Number(1), "PUBLISH")?;
    }
    for message in ["first", "second"] {
        let told = ["message", "news", message].map(Answer::bulk);
        equal(
            subscriber.answer().await?,
            Answer::List(told.into()),
            "message",
        )?;
    }
    Ok(())
}
