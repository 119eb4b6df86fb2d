extension PresetProfile { static let google2019 = "" }
