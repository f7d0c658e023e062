// SPDX-License-Identifier: Apache-2.0
#include "gui/model/facts.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <utility>

#include <QtCore/QLocale>

#include "kubefed/kube/quantity.h"

namespace kubefed::gui {

using namespace client;

namespace {

QString figure(double value, int decimals) {
    return QLocale(QLocale::English).toString(value, 'f', decimals);
}

QString bytes(double value) {
    static constexpr std::array kUnits{"", " Ki", " Mi", " Gi", " Ti", " Pi"};
    std::size_t unit = 0;
    while (value >= 1024 && unit + 1 < kUnits.size()) {
        value /= 1024;
        ++unit;
    }
    return figure(value, value < 10 && unit > 0 ? 1 : 0) + kUnits[unit];
}

}  // namespace

Level levelOf(ObjectHealth health) {
    switch (health) {
        case ObjectHealth::Healthy:
            return Level::Good;
        case ObjectHealth::Progressing:
        case ObjectHealth::Deleting:
            return Level::Busy;
        case ObjectHealth::Failing:
            return Level::Bad;
        case ObjectHealth::Unscheduled:
            return Level::Warn;
        case ObjectHealth::Suspended:
            return Level::Quiet;
        case ObjectHealth::Unknown:
            break;
    }
    return Level::Unknown;
}

Level levelOf(const Share& share) {
    if (share.state == "Failed")
        return Level::Bad;
    if (share.state == "Unreachable")
        return Level::Unknown;
    if (share.state == "Left")
        return Level::Quiet;
    if (share.state != "Synced")
        return Level::Busy;
    return share.ready.value_or(0) < share.desired.value_or(0) ? Level::Busy : Level::Good;
}

Level levelOf(Severity severity) {
    switch (severity) {
        case Severity::Error:
            return Level::Bad;
        case Severity::Warning:
            return Level::Warn;
        case Severity::Info:
            break;
    }
    return Level::Quiet;
}

QString nameOf(Phase phase) {
    return text(std::string(toString(phase)));
}

QString nameOf(ObjectHealth health) {
    return text(std::string(toString(health)));
}

QStringList namesOfPhases() {
    QStringList names{kSilent};
    for (const Phase phase : {Phase::Joining, Phase::Ready, Phase::Degraded, Phase::Unauthorized,
                              Phase::Unreachable, Phase::Leaving, Phase::Unknown})
        names += nameOf(phase);
    return names;
}

QStringList namesOfHealth() {
    QStringList names;
    for (const ObjectHealth health :
         {ObjectHealth::Healthy, ObjectHealth::Progressing, ObjectHealth::Failing, ObjectHealth::Unknown,
          ObjectHealth::Unscheduled, ObjectHealth::Suspended, ObjectHealth::Deleting})
        names += nameOf(health);
    return names;
}

QString nameOf(Severity severity) {
    switch (severity) {
        case Severity::Error:
            return "Error";
        case Severity::Warning:
            return "Warning";
        case Severity::Info:
            break;
    }
    return "Info";
}

Level levelOf(const Cluster& cluster, TimeMs now, const FleetInfo& info) {
    const Level level = levelOf(cluster.phase);
    if (level >= Level::Unknown)
        return level;
    // The controller's word, of which it is not told how fresh it is.
    if (!info.seesClusters)
        return Level::Quiet;
    return isOld(cluster, now, info) ? Level::Unknown : level;
}

QString ageText(TimeMs age) {
    const TimeMs seconds = std::max<TimeMs>(age, 0) / 1000;
    if (seconds < 120)
        return QString("%1 s").arg(seconds);
    if (seconds < 120 * 60)
        return QString("%1 min").arg(seconds / 60);
    if (seconds < 48 * 3600)
        return QString("%1 h").arg(seconds / 3600);
    return QString("%1 d").arg(seconds / 86400);
}

QStringList longestAges() {
    return {ageText(119'000), ageText(119 * 60'000), ageText(47 * 3'600'000), ageText(888LL * 86'400'000)};
}

QString since(TimeMs time, TimeMs now) {
    return time == 0 ? QString("?") : ageText(now - time);
}

QString fraction(std::optional<std::int64_t> part, std::optional<std::int64_t> whole) {
    const auto figure = [](std::optional<std::int64_t> value) {
        return value ? QString::number(*value) : QString("?");
    };
    return figure(part) + '/' + figure(whole);
}

QString milliseconds(double value) {
    return value < 1000 ? QString("%1 ms").arg(value, 0, 'f', 0)
                        : QString("%1 s").arg(value / 1000, 0, 'f', 1);
}

QString callTime(double milliseconds) {
    const auto micros = std::llround(milliseconds * 1000);
    if (micros < 1)
        return "<1 µs";
    if (micros < 1000)
        return QString("%1 µs").arg(micros);
    if (micros < 10'000)
        return QString("%1 ms").arg(static_cast<double>(micros) / 1000, 0, 'f', 1);
    return gui::milliseconds(milliseconds);
}

QString quantileTime(std::optional<double> seconds, double bound) {
    if (!seconds)
        return QString("–");
    const QString time = callTime(*seconds * 1000);
    return bound > 0 && *seconds >= bound ? "≥ " + time : time;
}

QString count(std::int64_t value) {
    return QLocale(QLocale::English).toString(static_cast<qlonglong>(value));
}

QString plural(std::int64_t value, const char* one, const char* many) {
    return count(value) + ' ' + QString::fromUtf8(value == 1 ? one : many);
}

QString amountText(const std::string& resource, const std::string& quantity) {
    const auto parsed = kube::Quantity::parse(quantity);
    if (!parsed)
        return text(quantity);
    const double value = parsed->toDouble();
    if (resource == "memory" || resource == "ephemeral-storage" || resource.starts_with("hugepages-"))
        return bytes(value);
    return figure(value, value == std::floor(value) ? 0 : 1);
}

QString shortType(const ObjectId& id) {
    static constexpr std::array<std::pair<std::string_view, const char*>, 8> kShort{{
        {"ReplicationController", "rc"},
        {"Service", "svc"},
        {"Pod", "pod"},
        {"ConfigMap", "cm"},
        {"Secret", "secret"},
        {"ServiceAccount", "sa"},
        {"Namespace", "ns"},
        {"PersistentVolumeClaim", "pvc"},
    }};
    if (id.group.empty())
        for (const auto& [kind, name] : kShort)
            if (id.kind == kind)
                return name;
    QString type = text(id.kind).toLower();
    if (!id.group.empty())
        type += '.' + text(id.group);
    return type;
}

QString reference(const ObjectId& id) {
    return shortType(id) + '/' + text(id.name);
}

QString keyOf(const ObjectId& id) {
    return text(id.ns) + '/' + shortType(id) + '/' + text(id.name);
}

QString text(const std::string& utf8) {
    return QString::fromStdString(utf8);
}

}  // namespace kubefed::gui
