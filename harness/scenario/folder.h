// Folders of scenarios, as corpus/ is one: files NAME.scenario, in the text form.

#ifndef MINIT_HARNESS_SCENARIO_FOLDER_H_
#define MINIT_HARNESS_SCENARIO_FOLDER_H_

#include <optional>
#include <string>
#include <vector>

#include "harness/scenario/scenario.h"

namespace minit::scenario {

struct Named {
  std::string name;  // of the file
  Scenario scenario;
};

// Adds the paths of a folder's scenarios, in the order of their names; those of folders in it are left
// out. On a problem says what and where.
std::optional<std::string> ListFolder(const std::string& folder, std::vector<std::string>& paths);

// Adds the scenarios of a folder, in the order of their names; those of folders in it are left out.
// On a problem says what and where, with those added that came before it.
std::optional<std::string> ReadFolder(const std::string& folder, std::vector<Named>& scenarios);

}  // namespace minit::scenario

#endif  // MINIT_HARNESS_SCENARIO_FOLDER_H_
