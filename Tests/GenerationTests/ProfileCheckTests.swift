import Configuration
import Foundation
import Generation
import Testing

/// Profiles that are broken are told so with everything that is wrong.
@Suite struct ProfileCheckTests {
  private static let json: String = {
    let profile = WorkloadProfile.preset("google-2019").flatMap { try? $0.json() }
    return String(decoding: profile ?? Data(), as: UTF8.self)
  }()

  private static func issues(_ text: String) -> [String] {
    do {
      _ = try WorkloadProfile(ConfigurationFile(text: text, name: "p.json"))
      return []
    } catch {
      #expect(text.isEmpty || error.issues.allSatisfy { $0.line > 0 || $0.path.isEmpty })
      return error.issues.map { $0.path.isEmpty ? $0.message : "\($0.path): \($0.message)" }
    }
  }

  /// The profile with changes by path, such as `all.arrivals.rate`; nil takes a key away.
  private static func changed(_ changes: [(String, Any?)]) throws -> String {
    var top = try #require(
      JSONSerialization.jsonObject(with: Data(json.utf8)) as? [String: Any])
    func change(_ object: Any, _ steps: ArraySlice<String>, _ value: Any?) -> Any? {
      guard let step = steps.first else { return value }
      if var list = object as? [Any], let place = Int(step) {
        list[place] = change(list[place], steps.dropFirst(), value) ?? NSNull()
        return list
      }
      var keyed = object as? [String: Any] ?? [:]
      keyed[step] = change(keyed[step] ?? [String: Any](), steps.dropFirst(), value)
      return keyed
    }
    for (path, value) in changes {
      top =
        change(top, path.split(separator: ".").map(String.init)[...], value) as? [String: Any]
        ?? top
    }
    let data = try JSONSerialization.data(withJSONObject: top, options: [.sortedKeys])
    return String(decoding: data, as: UTF8.self)
  }

  @Test(arguments: ["google-2011", "google-2019"]) func `profiles that fit wrote are taken`(
    name: String
  ) throws {
    let profile = try #require(WorkloadProfile.preset(name))
    let text = String(decoding: try profile.json(), as: UTF8.self)
    #expect(try WorkloadProfile(ConfigurationFile(text: text, name: name)) == profile)
  }

  /// Parts that would be left out, or drawn as something else, without a word.
  @Test func `parts that cannot be drawn are told`() throws {
    func table(_ values: [Double], isLinear: Bool = false) -> [String: Any] {
      ["values": values, "isLinear": isLinear]
    }
    let kind: [String: Any] = [
      "priorityClass": "batch", "name": "1 cores", "jobs": 5, "spansMachines": false,
      "rankCorrelations": [String: Any](), "runTime": table([5], isLinear: true),
      "tasks": table([0, 2]), "instances": table([1, 1e300]),
    ]
    let stages: [[String: Double]] = [
      ["busyRate": 2, "quietRate": 1, "leavingBusy": 1, "leavingQuiet": 1]
    ]
    let text = try Self.changed([
      ("kinds", [kind]),
      (
        "repeats",
        [
          "byUser": true, "jobs": 9, "observedShare": 0.5, "share": 0.5, "lags": [Int](),
          "runTimeCorrelation": 0,
        ]
      ),
      (
        "all.arrivals.cascade",
        [
          "weeklyCurve": [Double](), "stages": stages, "dispersionRatios": [Double](),
          "gapDistance": 0, "batches": ["share": 0.5, "gaps": [Double]()] as [String: Any],
        ]
      ),
    ])
    let issues = Self.issues(text)
    for expected in [
      "kinds[0].runTime.values: has one value; lines join two or more", "kinds[0].tasks.values[0]",
      "kinds[0].instances.values[1]",
      "repeats.lags: is empty, though the share is not 0",
      "all.arrivals.cascade.batches.gaps: is empty, though the share is not 0",
    ] {
      #expect(issues.contains { $0.hasPrefix(expected) }, "\(expected) in \(issues)")
    }
    #expect(issues.count == 5, "\(issues)")
  }

  @Test func `everything that is wrong is told at once`() throws {
    let text = try Self.changed([
      ("all.arrivals.rate", -0.5), ("all.tasks", "many"), ("all.memory.unit", nil),
      ("all.cpu.maximum", -3), ("classMix.batch.share", 0.9),
      ("colour", "red"), ("classes.batch.cpu.sampelSize", 3),
      (
        "classes.batch.rankCorrelations",
        ["runTimeCPU": 0.9, "runTimeMemory": 0.9, "cpuMemory": -0.9, "sampleSize": 10]
      ),
      ("classes.production.arrivals.mmpp2", ["busyRate": 1, "quietRate": -2, "leavingBusy": 1]),
      ("all.cpu.fits.0.fit.law.parameters.scale", -1),
      ("all.cpu.fits.1.fit.law.family", "cauchy"),
      (
        "all.cpu.fits.2.fit.law.limits", ["kind": "clamped", "lower": 8, "upper": 2]
      ),
      ("all.jobSize.quantiles.3.value", -7), ("provenance.notes", "none"), ("version", 9),
    ])
    let found = Self.issues(text)
    for path in [
      "all.arrivals.rate: is -0.5; expected at least 0",
      "all.tasks: is 'many'; expected a whole number", "all.memory.unit: is missing",
      "all.cpu.maximum: is -3.0, below the minimum of", "classMix: has shares that add up to",
      "colour: is not known here",
      "classes.batch.cpu.sampelSize: is not known here; did you mean 'sampleSize'?",
      "classes.batch.rankCorrelations: are not positive definite",
      "classes.production.arrivals.mmpp2.quietRate: is -2; expected at least 0",
      "classes.production.arrivals.mmpp2.leavingQuiet: is missing", "all.cpu.fits[0].fit.law: ",
      "all.cpu.fits[1].fit.law.family: is 'cauchy'", "all.cpu.fits[2].fit.law: ",
      "all.jobSize.quantiles[3].value: is less than the value before",
      "provenance.notes: is 'none'; expected a list",
      "version: is 9; expected 1 or 2: `tracemill fit TRACE -o PROFILE`",
    ] {
      #expect(found.contains { $0.hasPrefix(path) }, "\(path) in \(found)")
    }
    #expect(found.count == 16, "\(found)")
  }

  @Test func `each mistake alone is told where it is`() throws {
    let mistakes: [(String, Any?, String)] = [
      ("all", nil, "all: is missing"), ("all", [1, 2], "all: is a list of 2"),
      ("span", "long", "span: is 'long'; expected a number"),
      ("classes.batch", 7, "classes.batch: is 7; expected keys with values"),
      ("classMix.batch", nil, "classMix.batch: is missing, though classes.batch is there"),
      ("all.arrivals.hourOfDay.3", -1, "all.arrivals.hourOfDay[3]: is -1"),
      ("classMix.mid.share", 1.5, "classMix.mid.share: is 1.5; expected"),
      ("all.memory.fits", nil, "all.memory.fits: is missing"),
      ("all.outcomes.exploded", ["count": 1], "all.outcomes.exploded: is not known here"),
    ]
    for (path, value, message) in mistakes {
      let found = Self.issues(try Self.changed([(path, value)]))
      #expect(found.contains { $0.hasPrefix(message) }, "\(message) in \(found)")
    }
    #expect(Self.issues("{\"all\": [1, 2").count == 1)
    #expect(Self.issues("").contains("provenance: is missing"))
  }
}
