import Configuration
import Fitting
import Testing
import Workload

@testable import Generation

/// Clients with rates, periods of activity and kinds of jobs of their own.
@Suite struct ClientTests {
  private func model(_ clients: ClientModel?) throws -> WorkloadModel {
    let classes = try [1.0, 4, 16].enumerated().map { place, cores in
      TaskClass(
        name: "c\(place)", share: [0.5, 0.3, 0.2][place],
        runTime: try Law(.exponential, [0.1 / cores]), cpu: try Law.constant(cores),
        memory: try Law(.lognormal, [1, 0.5]))
    }
    var model = WorkloadModel(arrivals: ArrivalModel(rate: 0.02), classes: classes)
    model.clients = clients
    return model
  }

  /// Ten clients of falling shares, of which some are seldom active, and fifty others.
  private let truth: ClientModel = {
    let shares = [0.16, 0.13, 0.11, 0.1, 0.09, 0.08, 0.07, 0.06, 0.05, 0.05]
    let activities = [0.5, 0.3, 1, 0.25, 0.4, 1, 0.2, 0.3, 0.15, 1]
    var clients = zip(shares, activities).enumerated().map { place, pair in
      Client(
        share: pair.0, activity: pair.1,
        classes: [[1.0, 0, 0], [0, 1, 0], [0.5, 0.3, 0.2]][place % 3])
    }
    clients.append(Client(users: 50, share: 0.1, activity: 1, classes: [0.2, 0.2, 0.6]))
    return ClientModel(session: 3600, clients: clients)
  }()

  private func drawn(_ model: WorkloadModel, seed: UInt64, count: Int = 60_000) throws
    -> [TaskRecord]
  {
    records(try SyntheticWorkload(model, .tasks(count), seed: seed))
  }

  private func profile(_ records: [TaskRecord]) async throws -> WorkloadProfile {
    var options = ProfileOptions()
    options.tails = false
    options.families = [.lognormal]
    var builder = try ProfileBuilder(options)
    for record in records { builder.add(record) }
    return await builder.finish(ProfileProvenance(input: "made", tool: "test"))
  }

  @Test(arguments: [1, 2] as [UInt64]) func comeBack(seed: UInt64) async throws {
    let records = try drawn(model(truth), seed: seed)
    let found = try #require(try await profile(records).clients)
    #expect(found.users == 60 && found.jobs == records.count && found.session == 3600)
    #expect(found.clients.count == 11 && found.clients[10].users == 50)
    let periods = records[records.count - 1].submit.seconds / 3600
    let concentrations = ClientSampler.weights(truth.clients).concentrations
    for (place, client) in truth.clients.dropLast().enumerated() {
      // By their users: those of nearly one share may change places.
      let jobs = records.count { $0.user == UserID(UInt32(place) + 1) }
      let own = try #require(
        found.clients.first { abs($0.share - Double(jobs) / Double(records.count)) < 1e-9 })
      // A client's part of the jobs differs from period to period, by its own activity and by others'; weights are found
      // by 4,000 periods.
      let spread = concentrations[place] - 1
      let error =
        client.share * (spread * (1 / periods + 1 / 4000) + 1 / Double(jobs)).squareRoot()
      #expect(abs(own.share - client.share) < 3 * error, "\(own.share), not \(client.share)")
      if client.activity == 1 {
        #expect(own.activity > 0.9, "\(own.activity), not 1")
      } else {
        // Of a share of periods, and of pairs of jobs.
        let active = client.activity * periods
        let error =
          client.activity
          * ((1 - client.activity) / active + 4 / Double(jobs)).squareRoot() * 1.5
        #expect(
          abs(own.activity - client.activity) < 3 * error,
          "\(own.activity), not \(client.activity)")
      }
      // What they ask for is their own.
      let total = own.classes.reduce(0, +)
      for (kind, weight) in zip([1.0, 4, 16], client.classes) {
        let count = records.count {
          $0.user == UserID(UInt32(place) + 1) && $0.request.cpu == Cores(kind)
        }
        #expect(own.classes.contains { abs($0 / total - Double(count) / Double(jobs)) < 1e-9 })
        let noise = (max(weight * (1 - weight), 1e-9) / Double(jobs)).squareRoot()
        #expect(abs(Double(count) / Double(jobs) - weight) < 4 * noise)
      }
    }
  }

  /// What is fitted to what is drawn is drawn alike: a profile and back.
  @Test func profilesKeepThem() async throws {
    let records = try drawn(model(truth), seed: 3)
    let made = try await profile(records)
    let text = String(decoding: try made.json(), as: UTF8.self)
    let back = try WorkloadProfile(ConfigurationFile(text: text, name: "p.json"))
    #expect(back == made)
    var notes: [Note] = []
    let model = try WorkloadModel(back, notes: &notes)
    #expect(model.clients?.clients == made.clients?.clients)
    let source = try SyntheticWorkload(model, .tasks(60_000), seed: 4)
    let all = Self.all(source)
    let again = try #require(try await profile(all).clients)
    let found = try #require(made.clients)
    #expect(again.session == found.session)
    #expect(abs(again.concentration / found.concentration - 1) < 0.15)
    // Classes are as frequent as before.
    for cores in [1.0, 4, 16] {
      let shares = [records, all].map { part in
        Double(part.count { $0.request.cpu == Cores(cores) }) / Double(part.count)
      }
      #expect(abs(shares[0] - shares[1]) < 0.03)
    }
    // Any way round the same.
    var parallel: [TaskRecord] = []
    source.forEachPart(threads: 3) { parallel += $0 }
    #expect(parallel == all)
    var jumped = source
    jumped.skip(toJob: 1000)
    #expect(jumped.next() == all[1000 + source.standingCount])
    #expect(source.userNames.count == 61 && source.userNames[1] == "user-1")
    for (from, to) in [
      ("\"activity\" : 0.", "\"activity\" : 7."), ("\"session\" : 3600", "\"session\" : 0"),
      ("\"users\" : 50", "\"users\" : 0"), ("\"share\" : 0.16", "\"share\" : 0.96"),
      ("\"classes\" : [", "\"classes\" : [ 1,"),
    ] {
      let broken = text.replacing(from, with: to, maxReplacements: 1)
      if broken == text { continue }
      #expect(throws: ConfigurationError.self, "\(to)") {
        _ = try WorkloadProfile(ConfigurationFile(text: broken, name: "p.json"))
      }
    }
  }

  private static func all(_ source: SyntheticWorkload) -> [TaskRecord] { records(source) }

  /// Users who come as they like have no periods; the same kinds for all stay the same.
  @Test(arguments: [1, 2, 3] as [UInt64]) func noPeriodsWhereThereAreNone(seed: UInt64) async throws
  {
    var steady = truth
    for place in steady.clients.indices { steady.clients[place].activity = 1 }
    let found = try #require(try await profile(try drawn(model(steady), seed: seed)).clients)
    #expect(found.clients.allSatisfy { $0.activity == 1 })
    #expect(found.concentration == 1)
  }

  @Test func tooFewAreLeftOut() async throws {
    let few = try await profile(try drawn(model(truth), seed: 1, count: 150))
    #expect(few.clients == nil)
    let untold = try await profile(try drawn(model(nil), seed: 1, count: 3000))
    #expect(untold.clients == nil)
    #expect(untold.card?.first { $0.part == "clients" }?.fittedTo.hasPrefix("left out") == true)
  }

  /// A job that repeats another is of the same client.
  @Test func repeatsStayWithTheirClient() throws {
    var model = try model(truth)
    model.repeats = RepeatModel(share: 0.6, lags: [1, 2, 9], runTimeCorrelation: 0.5)
    var users: [Bytes: UserID] = [:]
    for record in try drawn(model, seed: 1, count: 10_000) {
      let known = users[record.request.memory] ?? record.user
      #expect(known == record.user)
      users[record.request.memory] = record.user
    }
    #expect(users.count < 5000)
  }

  @Test func scenariosSayThem() throws {
    let printed = try model(truth).scenario(named: "x")
    let back = try WorkloadScenario(ConfigurationFile(text: printed, name: "s.yaml")) { _ in nil }
    #expect(back.model.clients == truth)
    for (from, to) in [
      ("activity: 0.5", "activity: 0"), ("share: 0.16", "share: 0.9"), ("users: 50", "users: 1e9"),
      ("session: 3600", "session: 0"), ("classes: [1, 0, 0]", "classes: [0, 0, 0]"),
      ("classes: [1, 0, 0]", "classes: [1, 0]"), ("classes: [1, 0, 0]", "classes: [1, -1, 1]"),
    ] {
      #expect(printed.contains(from), "\(from)")
      #expect(throws: ConfigurationError.self, "\(to)") {
        _ = try WorkloadScenario(
          ConfigurationFile(text: printed.replacing(from, with: to), name: "s.yaml")
        ) { _ in nil }
      }
    }
  }
}
