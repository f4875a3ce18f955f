#pragma once

namespace holm::drivers {

// How the driver tells the device to look at one queue: a store to a doorbell, on every transport.
class Notifier {
  public:
    virtual void notify() = 0;

  protected:
    ~Notifier() = default;
};

}  // namespace holm::drivers
