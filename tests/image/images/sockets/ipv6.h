#pragma once

void test_both_families();
void test_scopes_and_names();
void test_control_data();
void test_groups();
