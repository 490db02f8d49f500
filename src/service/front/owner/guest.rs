//! One connection: who comes, and its session.

use super::gate::Gate;
use super::outlet::Outlet;
use super::{Rooms, Stay};
use crate::service::caller::Caller;
use crate::service::front::control::Control;
use crate::service::front::hello::{
    Judged, PROTOCOL, Verdict, Welcome, is_same_user, judge, line, read_line,
};
use crate::service::front::house::Host;
use std::io;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt as _, BufReader};
use tokio::net::UnixStream;
use tokio::time::timeout;

/// How long a newcomer may take to say who it is.
const HELLO: Duration = Duration::from_secs(5);

/// Lets a process in, or tells it why not.
pub(super) async fn receive<O: Host>(rooms: Arc<Rooms<O>>, stream: UnixStream) {
    if let Err(error) = welcome(&rooms, stream).await {
        tracing::debug!(%error, "a connection ended before its session");
    }
}

async fn welcome<O: Host>(rooms: &Arc<Rooms<O>>, stream: UnixStream) -> io::Result<()> {
    let peer = stream.peer_cred()?;
    let (reader, mut writer) = stream.into_split();
    let mut reader = BufReader::new(reader);
    let judged = if is_same_user(peer.uid()) {
        let hello = timeout(HELLO, read_line(&mut reader)).await??;
        judge(&hello, &rooms.version)
    } else {
        tracing::warn!(uid = peer.uid(), "refused a process of another user");
        Judged::Refused("this data directory belongs to another user".into())
    };
    let (answer, why) = match &judged {
        _ if rooms.is_closing() => (Verdict::HandingOver, None),
        Judged::Accepted(_) => (Verdict::Accepted, None),
        Judged::Newer(_) => (Verdict::HandingOver, None),
        Judged::Refused(why) => (Verdict::Refused, Some(why.clone())),
    };
    let welcome = Welcome {
        protocol: PROTOCOL,
        version: rooms.version.clone(),
        pid: std::process::id(),
        answer,
        why,
    };
    writer.write_all(&line(&welcome)?).await?;
    match judged {
        Judged::Newer(version) => rooms.close(Some(version)),
        Judged::Accepted(caller) if answer == Verdict::Accepted => {
            serve(rooms, caller, reader, writer).await;
        }
        _ => {}
    }
    Ok(())
}

/// Serves a session, and tells its relay where the owner leaves before the client does.
pub(super) async fn serve<O, R, W>(rooms: &Arc<Rooms<O>>, caller: Caller, reader: R, writer: W)
where
    O: Host,
    R: AsyncRead + Send + Unpin + 'static,
    W: AsyncWrite + Send + Unpin + 'static,
{
    let mut closing = rooms.closing.subscribe();
    let (gate, mut told) = Gate::new(reader, async move {
        // An error says that the owner is gone, which is as much as that it is closing.
        let _ = closing.wait_for(Stay::is_over).await;
    });
    let outlet = Outlet::new(writer);
    let host = Arc::clone(&rooms.host);
    let session = host.serve(caller, Box::new(gate), Box::new(outlet.clone()));
    tokio::pin!(session);
    tokio::select! {
        () = &mut session => {}
        Ok(read) = &mut told.lines => {
            let to = match &*rooms.closing.borrow() {
                Stay::Leaves(to) => to.clone(),
                Stay::Stays => None,
            };
            let leaving = Control::Closing { read, to }.line();
            tokio::join!(say(&outlet, &leaving), session);
        }
    }
    if !told.ended.load(Ordering::Acquire) {
        say(&outlet, &Control::Over.line()).await;
    }
    if let Err(error) = outlet.end().await {
        tracing::debug!(%error, "the other side has gone first");
    }
}

async fn say<W: AsyncWrite + Unpin>(outlet: &Outlet<W>, line: &[u8]) {
    if let Err(error) = outlet.say(line).await {
        tracing::debug!(%error, "the other side has gone first");
    }
}
