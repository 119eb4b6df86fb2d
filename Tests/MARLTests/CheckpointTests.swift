import Foundation
import Testing
import Workload

@testable import MARL

@Suite struct CheckpointTests {
  @Test(arguments: PolicyModel.Architecture.allCases)
  func modelsSurviveARoundTrip(_ architecture: PolicyModel.Architecture) throws {
    let model = PolicyModel.initialised(
      architecture, agents: 3, candidates: CandidateRule(idle: 40, busy: 8, pivot: 0.6), seed: 4)
    let data = model.tensors.data()
    let read = try PolicyModel(SafeTensors(data))
    #expect(read == model)
    #expect(model.tensors.data() == data)
  }

  @Test func damagedFilesAreRefused() throws {
    let data = PolicyModel.initialised(.candidates, seed: 4).tensors.data()
    for length in [0, 1, 7, 8, 9, 100, data.count - 1] {
      #expect(throws: CheckpointError.self) { try PolicyModel(SafeTensors(data.prefix(length))) }
    }
    // Every damaged byte is noticed, or changes nothing that matters (white space of the header).
    var rng = RandomStream(seed: 1, name: "damage")
    for _ in 0..<300 {
      var damaged = data
      damaged[rng.below(data.count)] ^= UInt8(1 + rng.below(255))
      if let model = try? PolicyModel(SafeTensors(damaged)) {
        #expect(model.networks[0].parameters.allSatisfy { $0.isFinite })
      }
    }
    var flipped = data
    flipped[data.count - 2] ^= 1
    #expect(throws: CheckpointError.self) { try SafeTensors(flipped) }
  }

  @Test func unsuitableCheckpointsSayWhatWasExpected() throws {
    let good = PolicyModel.initialised(.candidates, seed: 4).tensors
    func message(_ change: (inout SafeTensors) -> Void) -> String {
      var file = good
      change(&file)
      do {
        _ = try PolicyModel(file)
        return "accepted"
      } catch { return "\(error)" }
    }
    let version = message { $0.metadata["observation"] = "candidate-features-0" }
    #expect(version == "observation is candidate-features-0; expected candidate-features-2")
    let shape = message {
      $0.tensors["policy.0.weight.0"] = .init(
        shape: [25, 32], values: Array(repeating: 0, count: 800))
    }
    #expect(
      shape == "the shape of policy.0.weight.0 is [25, 32]; expected [32, 1 to 1024]")
    let absent = message { $0.tensors["policy.0.bias.1"] = nil }
    #expect(absent == "tensor policy.0.bias.1 is missing; expected a tensor of that name")
    let architecture = message { $0.metadata["architecture"] = "transformer" }
    #expect(architecture.contains("candidates or study"))
    let notANumber = message { $0.tensors["policy.0.bias.1"]?.values[0] = .nan }
    #expect(notANumber.contains("not finite"))
    let format = message { $0.metadata["format"] = nil }
    #expect(format == "format is missing; expected tracemill-marl-1")
  }

  @Test func hostileHeadersDoNotCrash() throws {
    func file(_ header: String, body: Int = 8) -> Data {
      var data = Data()
      withUnsafeBytes(of: UInt64(header.utf8.count).littleEndian) { data.append(contentsOf: $0) }
      return data + Data(header.utf8) + Data(count: body)
    }
    for header in [
      "[]", "{", "{\"a\":1}", "{\"a\":{\"dtype\":\"F32\",\"shape\":[-1],\"data_offsets\":[0,4]}}",
      "{\"a\":{\"dtype\":\"F32\",\"shape\":[4611686018427387904,4],\"data_offsets\":[0,4]}}",
      "{\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[4,0]}}",
      "{\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[-4,0]}}",
      "{\"a\":{\"dtype\":\"F32\",\"shape\":[9],\"data_offsets\":[0,36]}}",
      "{\"a\":{\"dtype\":\"F16\",\"shape\":[1],\"data_offsets\":[0,4]}}",
      "{\"__metadata__\":{\"a\":1}}",
    ] {
      #expect(throws: CheckpointError.self, "\(header)") { try SafeTensors(file(header)) }
    }
    #expect(throws: CheckpointError.self) { try SafeTensors(Data(repeating: 255, count: 64)) }
  }

  @Test(
    .enabled(
      if: ProcessInfo.processInfo.environment["TRACEMILL_PYTHON"] != nil,
      "no Python: tools/test makes one"))
  func pythonsSafetensorsReadsThem() throws {
    let model = PolicyModel.initialised(.study, seed: 9)
    let path = FileManager.default.temporaryDirectory.appending(
      path: "tracemill-\(ProcessInfo.processInfo.processIdentifier).safetensors"
    ).path
    try model.tensors.write(path: path)
    defer { try? FileManager.default.removeItem(atPath: path) }
    let script = """
      from safetensors import safe_open
      with safe_open('\(path)', framework='np') as f:
          print(f.metadata()['architecture'], sum(f.get_tensor(k).size for k in f.keys()))
          w = f.get_tensor('policy.0.weight.0')
          print(w.shape, w.dtype, w[0, 0].view('uint32'), w[49, 127].view('uint32'))
      """
    let process = Process()
    process.executableURL = URL(
      fileURLWithPath: ProcessInfo.processInfo.environment["TRACEMILL_PYTHON"]!)
    process.arguments = ["-c", script]
    let pipe = Pipe()
    process.standardOutput = pipe
    try process.run()
    let output = String(decoding: pipe.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
    process.waitUntilExit()
    let weights = model.networks[0].parameters
    #expect(
      output == """
        study 19557
        (50, 128) float32 \(weights[0].bitPattern) \(weights[49 * 128 + 127].bitPattern)

        """)
  }
}
