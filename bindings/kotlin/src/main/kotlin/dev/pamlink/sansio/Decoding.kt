package dev.pamlink.sansio

import dev.pamlink.ErrorParts
import dev.pamlink.Event
import dev.pamlink.LinkState
import dev.pamlink.PamlinkException
import dev.pamlink.TokenNeed
import kotlin.time.Duration
import kotlin.time.Duration.Companion.nanoseconds

/** The record that was found last, of a client's output. `next` is none of these. */
internal fun PackedReader.clientOutput(): Output = when (kind) {
    Schema.PIECE -> RequestEvent.Piece(word(0), flag(1), text(0), text(1))
    Schema.ANSWER -> RequestEvent.Answer(word(0), flag(1), text(0), optional(1), text(2))
    Schema.REJECTED -> RequestEvent.Rejected(word(0), span(1), optional(0), text(1), text(2))
    Schema.EXPIRED -> RequestEvent.Expired(word(0))
    Schema.UNKNOWN -> RequestEvent.Unknown(word(0))
    Schema.UNSENT -> RequestEvent.Unsent(word(0))
    Schema.CANCELLED -> RequestEvent.Cancelled(word(0))
    Schema.CANCEL_RESULT -> RequestEvent.CancelResult(word(0), some(1), optional(0), optional(1))
    Schema.OUTCOME -> CommandOutcome(word(0), span(1), text(0), optional(1))
    Schema.RESTORED -> Restored(word(0), text(0))
    Schema.GAP -> Event.Gap(some(0), text(0))
    Schema.DIAL -> Action.Dial(word(0), flag(1), int(2), text(0), text(1), text(2), optional(3))
    Schema.NEED_TOKEN -> Action.NeedToken(TokenNeed.of(text(0)))
    Schema.STATE_CHANGED -> Event.StateChanged(LinkState.of(word(0)), LinkState.of(word(1)), text(0))
    Schema.WELCOMED -> Event.Welcomed(flag(0), flag(1), text(0))
    Schema.LATE -> Event.Late(some(0), text(0), text(1))
    Schema.MESSAGE -> Event.Message(text(0), optional(1), text(2), text(3))
    Schema.REPEATED -> Event.Repeated(text(0), optional(1), text(2), text(3))
    Schema.UNREADABLE -> Event.Unreadable(text(0), text(1))
    Schema.BINARY -> Event.Binary(bytes(0))
    Schema.OVERFLOWED -> Event.Overflowed(word(1), word(2), text(0))
    Schema.FAILED -> Event.Failed(int(0), text(0), text(1))
    Schema.CLOSED -> Event.Closed(int(1), flag(2), word(3), number(6), text(0), text(1), text(2))
    Schema.RETRYING -> Event.Retrying(word(0), word(1).nanoseconds, number(2), number(3), text(0), text(1), text(2))
    Schema.STOPPED -> Event.Stopped(number(0), number(1), text(0), text(1), text(2))
    else -> shared()
}

/** The record that was found last, of a hub's output. `next` is none of these. */
internal fun PackedReader.hubOutput(): Output = when (kind) {
    Schema.REQUEST -> HubEvent.Request(
        word(0), word(1), flag(2),
        text(0), text(1), text(2), text(3), text(4), optional(5), optional(6), text(7), text(8),
    )
    Schema.RECEIVED -> HubEvent.Received(word(0), text(0), text(1), optional(2), text(3), text(4))
    Schema.HTTP -> HubEvent.Http(word(0), text(0), text(1), text(2))
    Schema.AUTHORIZE -> HubEvent.Authorize(word(0), text(0), text(1))
    Schema.OPENED -> HubEvent.Opened(word(0), word(1), text(0))
    Schema.DUPLICATE -> HubEvent.Duplicate(word(0), some(1), text(0), text(1))
    Schema.REFUSED -> HubEvent.Refused(word(0), span(1), word(2), flag(3), text(0), text(1))
    Schema.REQUEST_EXPIRED -> HubEvent.RequestExpired(word(0), text(0))
    Schema.OVERFLOWED -> HubEvent.Overflowed(word(0), word(1), word(2), text(0), text(1))
    Schema.CLOSED -> HubEvent.Closed(
        word(0), int(1), flag(2), word(3), word(4), word(5), number(6), text(0), text(1), text(2), text(3),
    )
    Schema.DRAINED -> HubEvent.Drained
    Schema.REQUEST_CANCELLED -> HubEvent.RequestCancelled(word(0), text(0))
    Schema.UNDELIVERED -> HubEvent.Undelivered(word(0), span(1), text(0), text(1), optional(2))
    else -> shared()
}

/** The record that was found last, of what a frame codec has read. */
internal fun PackedReader.frameOutput(): Output = when (kind) {
    Schema.TEXT_READ -> FrameEvent.Text(text(0))
    Schema.BINARY -> FrameEvent.Binary(bytes(0))
    Schema.PING -> FrameEvent.Ping(bytes(0))
    Schema.PONG -> FrameEvent.Pong(bytes(0))
    Schema.CLOSE_READ -> FrameEvent.Close(some(0)?.toInt(), text(0))
    Schema.FAILED -> FrameEvent.Failed(int(0), text(0), text(1))
    else -> unknown()
}

private fun PackedReader.shared(): Output = when (kind) {
    Schema.WRITE_TEXT -> Action.WriteText(word(0), flag(1), text(0))
    Schema.WRITE_BYTES -> Action.WriteBytes(word(0), flag(1), bytes(0))
    Schema.WRITE_CLOSE -> Action.WriteClose(word(0), some(1)?.toInt(), text(0))
    Schema.CLOSE_TRANSPORT -> Action.CloseTransport(word(0))
    Schema.FAULT -> CommandResult.Faulted(int(0), fault())
    Schema.ASKED -> CommandResult.Asked(int(0), word(1))
    Schema.ACCEPTED -> CommandResult.Accepted(int(0), word(1))
    Schema.DELIVERED -> CommandResult.Delivered(int(0), some(1), text(0))
    Schema.PUSHED -> CommandResult.Pushed(int(0), word(1), word(2), word(3))
    Schema.DISCONNECTED -> CommandResult.Disconnected(int(0), word(1))
    Schema.SUBMITTED -> CommandResult.Submitted(int(0), word(1))
    Schema.SNAPSHOT_TAKEN -> CommandResult.SnapshotTaken(int(0), bytes(0))
    else -> unknown()
}

private fun PackedReader.unknown(): Output = Event.UnknownEvent(kind, raw())

private fun PackedReader.fault(): PamlinkException =
    PamlinkException.of(ErrorParts(int(1), text(0), text(1), flag(2), span(3), text(2)))

private fun PackedReader.number(at: Int): Int? = some(at)?.toInt()

private fun PackedReader.span(at: Int): Duration? = some(at)?.nanoseconds
