// SPDX-License-Identifier: Apache-2.0
module kubefed.io/tools/schema

go 1.24.0
