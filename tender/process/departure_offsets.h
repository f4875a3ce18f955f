#pragma once

/* Offsets of fields of struct Departure, for gate.S; gate.h checks them. */
#define HOLM_DEPARTURE_FILTER 344
#define HOLM_DEPARTURE_ENTRY 360
#define HOLM_DEPARTURE_BOOT 368
#define HOLM_DEPARTURE_STACK 376
