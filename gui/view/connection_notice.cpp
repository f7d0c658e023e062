// SPDX-License-Identifier: Apache-2.0
#include "gui/view/connection_notice.h"

#include "gui/model/commands.h"

namespace kubefed::gui {

using client::ConnectionState;

Notice::Content connectionNotice(Session& session) {
    const Commands commands = session.commands();
    const QString title = session.title();
    if (session.problem() == Session::Problem::NoFederation)
        return {
            .level = Level::Quiet,
            .title = "No federation yet",
            .text =
                "No context of your kubeconfig belongs to a federation. Make one on this machine, then open "
                "this window again:",
            .command = "kubefed init NAME",
            .button = "Look again"};
    if (session.problem() == Session::Problem::BadConfiguration)
        return {.level = Level::Bad,
                .title = "The kubeconfig cannot be used",
                .text = session.problemText(),
                .button = "Try again"};
    if (session.problem() == Session::Problem::BadRecording)
        return {.level = Level::Bad,
                .title = "It cannot be recorded",
                .text = session.problemText(),
                .button = "Try again"};
    QString why = text(session.store().error().message);
    if (!why.isEmpty())
        why[0] = why[0].toUpper();  // begins a sentence here
    switch (session.store().state()) {
        case ConnectionState::Connecting:
        case ConnectionState::Live:
        case ConnectionState::Stalled:
            break;
        case ConnectionState::Disconnected:
            return {
                .level = Level::Bad,
                .title = title + " does not answer",
                .text =
                    why + ". It is tried again by itself. If the controller runs on this machine, start it:",
                .command = commands.start(),
                .button = "Try now"};
        case ConnectionState::Forbidden:
            if (session.store().error().code == Code::Unauthenticated)
                return {.level = Level::Bad,
                        .title = title + " does not know you",
                        .text = why +
                                ". Renew the credentials of this context in your kubeconfig; it is read "
                                "again by itself.",
                        .button = "Try now"};
            return {.level = Level::Bad,
                    .title = "You may not watch " + title,
                    .text = why + ". Somebody who may administer the federation can allow it:",
                    .command = commands.allowWatching(),
                    .button = "Try now"};
    }
    return {.level = Level::Busy,
            .title = "Connecting to " + title,
            .text = "The whole fleet comes in one snapshot, then what changes."};
}

}  // namespace kubefed::gui
