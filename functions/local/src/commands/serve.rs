//! `rollcall serve`: the console and the interface for programs, beside the watch.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use axum::extract::Request;
use axum::middleware::{Next, from_fn};
use axum::response::{IntoResponse, Response};
use rollcall_web::access::{Access, Sessions, random};
use rollcall_web::app::{App, router};
use rollcall_web::problem::{Kind, Problem};
use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::flag;
use tokio::net::TcpListener;
use tokio::runtime::{Builder, Handle};

use super::Tuning;
use super::watch::tell;
use crate::answer;
use crate::answer::{Exit, Failure};
use crate::desk::Desk;
use crate::host::{Host, MAIL_AGAIN, Watch};

/// Open the console: a page in the browser for everybody who imports, and the HTTP interface for programs
///
/// Files that are dropped into the bucket meanwhile are imported too, as with `watch`. The link that is printed opens
/// a session; it is another one at each start. Only this machine can reach it.
#[derive(Debug, clap::Args)]
pub struct Serve {
    /// Address and port of this machine; port 0 takes one that is free
    #[arg(long, value_name = "ADDRESS:PORT", default_value_t = SocketAddr::from((Ipv4Addr::LOCALHOST, 8080)))]
    listen: SocketAddr,
    /// Minutes after which a session that nobody uses ends
    #[arg(long, value_name = "N", default_value_t = 720, value_parser = clap::value_parser!(u64).range(1..))]
    session_minutes: u64,
    #[command(flatten)]
    tuning: Tuning,
}

/// Requests that are worked on at the same time, each on a thread: the tables and files of a home block.
const THREADS: usize = 64;
/// How often it is looked whether to stop.
const LOOK: Duration = Duration::from_millis(100);
/// How long requests may go on after that.
const GRACE: Duration = Duration::from_secs(2);

impl Serve {
    /// Serves until a signal says stop; a second one stops at once, which loses nothing either.
    pub fn run(&self, home: &Path) -> Result<Exit, Failure> {
        if !self.listen.ip().is_loopback() {
            let words = format!(
                "the console listens on this machine only: {} is no loopback address; use 127.0.0.1:{}",
                self.listen.ip(),
                self.listen.port()
            );
            return Err(Failure::said(words));
        }
        let stop = Arc::new(AtomicBool::new(false));
        for signal in [SIGINT, SIGTERM] {
            flag::register_conditional_shutdown(signal, Exit::Refused as i32, Arc::clone(&stop))?;
            flag::register(signal, Arc::clone(&stop))?;
        }
        let runtime = Builder::new_multi_thread()
            .worker_threads(2)
            .max_blocking_threads(THREADS)
            .enable_all()
            .build()?;
        let cannot = |error| {
            Failure::said(format!("cannot listen on {}: {error}; choose another with --listen", self.listen))
        };
        let listener = runtime.block_on(TcpListener::bind(self.listen)).map_err(cannot)?;
        let host = Arc::new(Host::open_when_free(home, self.tuning.tune(true), self.tuning.wait())?);
        let _watching = host.home().begin_watch()?;
        std::fs::create_dir_all(host.home().bucket().root().join("inbox"))?;
        let address = listener.local_addr()?;
        let token = random();
        let lifetime = Duration::from_secs(self.session_minutes * 60);
        let access = Access::Link(Sessions::new(&token, names(address), lifetime));
        let app = App::new(Desk::new(Arc::clone(&host)), access);
        answer::print(&format!("the console is at http://{address}/?token={token}\nstop with Ctrl-C\n"))?;
        let served = thread::scope(|scope| {
            scope.spawn(|| Watch::new(&host, MAIL_AGAIN, tell).run(&stop));
            let served = runtime.block_on(serve(listener, app, &stop));
            // The watch ends with the server, whatever ended it.
            stop.store(true, Ordering::Relaxed);
            served
        });
        runtime.shutdown_timeout(GRACE);
        served?;
        answer::print("stopped\n")?;
        Ok(Exit::Well)
    }
}

/// The names by which a browser on this machine may reach an address.
fn names(address: SocketAddr) -> Vec<String> {
    let port = address.port();
    let mut names = vec![
        address.to_string(),
        format!("127.0.0.1:{port}"),
        format!("localhost:{port}"),
        format!("[::1]:{port}"),
    ];
    names.dedup();
    names
}

async fn serve(listener: TcpListener, app: App<Desk>, stop: &AtomicBool) -> std::io::Result<()> {
    let routes = router(app).layer(from_fn(on_a_thread));
    let stopped = async {
        while !stop.load(Ordering::Relaxed) {
            tokio::time::sleep(LOOK).await;
        }
    };
    tokio::select! {
        served = axum::serve(listener, routes) => served,
        () = async { stopped.await; tokio::time::sleep(GRACE / 4).await } => Ok(()),
    }
}

/// Works on a request on a thread of its own.
async fn on_a_thread(request: Request, next: Next) -> Response {
    let handle = Handle::current();
    let worked = tokio::task::spawn_blocking(move || handle.block_on(next.run(request))).await;
    worked.unwrap_or_else(|_| Problem::new(Kind::Unavailable).into_response())
}
