import Workload

/// The tables of Google's clusterdata-2019 that Tracemill reads, and the fields that it takes from
/// their objects.
public enum Google2019Table: String, CaseIterable, Sendable {
  case instanceEvents = "instance_events"
  case collectionEvents = "collection_events"
  case machineEvents = "machine_events"

  /// The fields, in the order of the enums below.
  var fields: [String] {
    switch self {
    case .instanceEvents:
      [
        "time", "type", "collection_id", "scheduling_class", "missing_type", "collection_type",
        "priority", "alloc_collection_id", "instance_index", "machine_id", "resource_request.cpus",
        "resource_request.memory",
      ]
    case .collectionEvents:
      [
        "time", "type", "collection_id", "scheduling_class", "missing_type", "collection_type",
        "priority", "alloc_collection_id", "user", "start_after_collection_ids",
        "parent_collection_id", "max_per_machine", "max_per_switch", "vertical_scaling",
        "scheduler",
      ]
    case .machineEvents:
      [
        "time", "machine_id", "type", "capacity.cpus", "capacity.memory", "platform_id",
        "missing_data_reason",
      ]
    }
  }

  /// The event types of instances and collections, by code.
  static let lifeEvents: [LifeEvent] = [
    .submit, .queue, .enable, .schedule, .evict, .fail, .finish, .kill, .lost, .updatePending,
    .updateRunning,
  ]

  /// The event types of machines, by code; 0 is not used.
  static let machineEventNames = ["UNKNOWN", "ADD", "REMOVE", "UPDATE"]
}

/// Fields that instance and collection events share.
enum Google2019Field: Int {
  case time, type, collection, schedulingClass, missingType, collectionType, priority
  case allocCollection
}

/// The further fields of instance events. Requests are fractions of the largest machine's.
enum Google2019InstanceField: Int {
  case index = 8
  case machine, cpus, memory
}

/// The further fields of collection events.
enum Google2019CollectionField: Int {
  case user = 8
  case startAfter, parent, maxPerMachine, maxPerSwitch, verticalScaling, scheduler
}

/// The fields of machine events.
enum Google2019MachineField: Int {
  case time, machine, type, cpus, memory, platform, missingReason
}
