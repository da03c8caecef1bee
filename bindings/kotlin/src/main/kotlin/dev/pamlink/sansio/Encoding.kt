package dev.pamlink.sansio

/** Appends what happened as a record. */
internal fun PackedWriter.put(input: Input) {
    members(input)
    end()
}

private fun PackedWriter.members(input: Input): Unit = when (input) {
    is Input.BytesIn -> {
        begin(Schema.BYTES_IN, 1, 1)
        word(input.link)
        bytes(input.bytes)
    }
    is Input.TextIn -> {
        begin(Schema.TEXT_IN, 1, 1)
        word(input.link)
        text(input.text)
    }
    is Input.BinaryIn -> {
        begin(Schema.BINARY_IN, 1, 1)
        word(input.link)
        bytes(input.bytes)
    }
    is Input.CloseIn -> {
        begin(Schema.CLOSE_IN, 2, 1)
        word(input.link)
        word(input.code?.toLong() ?: NONE)
        text(input.reason)
    }
    is Input.ClosedIn -> {
        begin(Schema.CLOSED_IN, 1, 0)
        word(input.link)
    }
    is Input.Written -> {
        begin(Schema.WRITTEN, 1, 0)
        word(input.link)
    }
    Input.Connect -> begin(Schema.CONNECT, 0, 0)
    Input.Disconnect -> begin(Schema.DISCONNECT, 0, 0)
    Input.Dialed -> begin(Schema.DIALED, 0, 0)
    is Input.OpenedIn -> {
        begin(Schema.OPENED_IN, 0, 1)
        text(input.subprotocol)
    }
    is Input.DialFailed -> {
        begin(Schema.DIAL_FAILED, 2, 2)
        word(input.status?.toLong() ?: NONE)
        word(input.retryAfter?.inWholeNanoseconds?.coerceAtLeast(0) ?: NONE)
        text(input.endClass)
        text(input.said)
    }
    is Input.Token -> {
        begin(Schema.TOKEN, 1, 1)
        word(input.expires ?: NONE)
        text(input.token)
    }
    is Input.TokenFailed -> {
        begin(Schema.TOKEN_FAILED, 1, 0)
        word(input.denied)
    }
    Input.Wake -> begin(Schema.WAKE, 0, 0)
    Input.NetworkChanged -> begin(Schema.NETWORK_CHANGED, 0, 0)
    is Input.Ask -> {
        begin(Schema.ASK, 1, 5)
        word(input.stream)
        text(input.message)
        text(input.agent)
        text(input.intent)
        text(input.sessionId)
        text(input.context)
    }
    is Input.Abandon -> {
        begin(Schema.ABANDON, 1, 0)
        word(input.request)
    }
    is Input.Forget -> {
        begin(Schema.FORGET, 1, 0)
        word(input.request)
    }
    is Input.Send -> {
        begin(Schema.SEND, 0, 1)
        text(input.envelope)
    }
    is Input.Cancel -> {
        begin(Schema.CANCEL, 1, 0)
        word(input.request)
    }
    is Input.Submit -> {
        begin(Schema.SUBMIT, 1, 4)
        word(input.timeToLive?.inWholeNanoseconds ?: NONE)
        text(input.envelope)
        text(input.priority)
        text(input.key)
        text(input.agent)
    }
    Input.Snapshot -> begin(Schema.SNAPSHOT, 0, 0)
    Input.Accept -> begin(Schema.ACCEPT, 0, 0)
    is Input.AcceptOpened -> {
        begin(Schema.ACCEPT_OPENED, 3, 3)
        word(input.expires ?: NONE)
        word(input.maxMessage ?: NONE)
        word(input.v1)
        text(input.user)
        text(input.token)
        text(input.subject)
    }
    is Input.AuthorizeLink -> {
        begin(Schema.AUTHORIZE_LINK, 2, 2)
        word(input.link)
        word(input.expires ?: NONE)
        text(input.subject)
        text(input.error)
    }
    is Input.Reply -> {
        begin(Schema.REPLY, 2, 5)
        word(input.request)
        word(input.failed)
        text(input.text)
        text(input.uiActions)
        text(input.source)
        text(input.model)
        text(input.agent)
    }
    is Input.ReplyError -> {
        begin(Schema.REPLY_ERROR, 2, 2)
        word(input.request)
        word(input.retryAfter?.inWholeNanoseconds ?: NONE)
        text(input.errorCode)
        text(input.message)
    }
    is Input.ReplyRaw -> {
        begin(Schema.REPLY_RAW, 1, 1)
        word(input.request)
        text(input.envelope)
    }
    is Input.ReplyPiece -> {
        begin(Schema.REPLY_PIECE, 1, 1)
        word(input.request)
        bytes(wtf8(input.text))
    }
    is Input.Dismiss -> {
        begin(Schema.DISMISS, 1, 0)
        word(input.request)
    }
    is Input.SendTo -> {
        begin(Schema.SEND_TO, 1, 1)
        word(input.link)
        text(input.envelope)
    }
    is Input.Push -> {
        begin(Schema.PUSH, 1, 4)
        word(input.timeToLive?.inWholeNanoseconds ?: NONE)
        text(input.user)
        text(input.envelope)
        text(input.priority)
        text(input.key)
    }
    is Input.Broadcast -> {
        begin(Schema.BROADCAST, 0, 1)
        text(input.envelope)
    }
    is Input.DisconnectLink -> {
        begin(Schema.DISCONNECT_LINK, 2, 1)
        word(input.link)
        word(input.code.toLong())
        text(input.reason)
    }
    is Input.DisconnectUser -> {
        begin(Schema.DISCONNECT_USER, 1, 2)
        word(input.code.toLong())
        text(input.user)
        text(input.reason)
    }
    is Input.Drain -> {
        begin(Schema.DRAIN, 1, 0)
        word(input.spread.inWholeNanoseconds)
    }
    is Input.Respond -> {
        begin(Schema.RESPOND, 2, 2)
        word(input.link)
        word(input.status.toLong())
        text(input.contentType)
        bytes(input.body)
    }
}

/**
 * A text as WTF-8. A surrogate alone is said as if it were a character: it is half of one, and the
 * engine waits for the other.
 */
private fun wtf8(text: String): ByteArray {
    val out = java.io.ByteArrayOutputStream(text.length)
    var start = 0
    for (at in text.indices) {
        val pair = if (text[at].isHighSurrogate()) text.getOrNull(at + 1) else text.getOrNull(at - 1)
        val alone = when {
            text[at].isHighSurrogate() -> pair?.isLowSurrogate() != true
            text[at].isLowSurrogate() -> pair?.isHighSurrogate() != true
            else -> false
        }
        if (!alone) continue
        out.write(text.substring(start, at).toByteArray(Charsets.UTF_8))
        val unit = text[at].code
        out.write(0xe0 or (unit shr 12))
        out.write(0x80 or (unit shr 6 and 0x3f))
        out.write(0x80 or (unit and 0x3f))
        start = at + 1
    }
    out.write(text.substring(start).toByteArray(Charsets.UTF_8))
    return out.toByteArray()
}
